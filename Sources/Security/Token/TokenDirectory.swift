import Foundation
import Glibc

/// A directory that only this user can enter, in which this machine's coordinators publish their runs' tokens. A worker
/// that knows only the coordinator's address finds the token there.
public enum TokenDirectory {
    /// `$XDG_RUNTIME_DIR/colonnade`, which the system removes with the user's session, or else `~/.cache/colonnade/tokens`.
    static var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"), access(runtime, W_OK) == 0 {
            return runtime + "/colonnade"
        }
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (cache ?? NSHomeDirectory() + "/.cache") + "/colonnade/tokens"
    }

    /// Writes a token to a file named after a coordinator's address.
    /// - Returns: the file's path; the caller removes the file when the run ends.
    /// - Throws: `WireError` if the directory is not this user's alone, or the file cannot be written.
    public static func publish(_ token: RunToken, for address: SocketAddress) throws -> String {
        let file = try place(named: name(of: address))
        // A killed coordinator may have left its token under the same address.
        try token.write(to: file, replaces: true)
        return file
    }

    /// Returns the path of a file in the directory, which is created if needed.
    /// - Parameter name: the file's name, without a slash.
    /// - Throws: `WireError` if the directory is not this user's alone.
    public static func place(named name: String) throws -> String {
        let parent = (path as NSString).deletingLastPathComponent
        if access(parent, F_OK) != 0 {
            try? FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        try PrivateFile.makeDirectory(path)
        return "\(path)/\(name)"
    }

    /// Returns the token published for a coordinator's address, or nil.
    /// - Throws: `WireError` if others can read the file.
    static func find(_ address: SocketAddress) throws -> RunToken? {
        var found: RunToken?
        // `localhost` may resolve to either loopback address.
        let hosts = address.host == "localhost" ? ["127.0.0.1", "::1"] : [address.host]
        for host in hosts where found == nil {
            let file = "\(path)/\(name(of: SocketAddress(host: host, port: address.port)))"
            if access(file, F_OK) == 0 { found = try RunToken(file: file) }
        }
        return found
    }

    /// Names a token's file. The network namespace is part of the name, since each namespace has its own loopback addresses.
    private static func name(of address: SocketAddress) -> String {
        var status = stat()
        let network = stat("/proc/self/ns/net", &status) == 0 ? String(status.st_ino) : "0"
        return "\(network)-\(address.host.replacingOccurrences(of: "/", with: "_"))-\(address.port)"
    }
}
