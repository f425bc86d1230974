import Foundation
import Glibc

/// A directory of this user alone in which coordinators of this machine leave their runs' tokens, so that a worker that is
/// given no more than an address finds the token.
public enum TokenDirectory {
    /// `$XDG_RUNTIME_DIR/colonnade`, which is gone with the user's session, or `~/.cache/colonnade/tokens`.
    static var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let place = environment["XDG_RUNTIME_DIR"], place.hasPrefix("/"), access(place, W_OK) == 0 { return place + "/colonnade" }
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (cache ?? NSHomeDirectory() + "/.cache") + "/colonnade/tokens"
    }

    /// Leaves a token under a coordinator's address.
    /// - Returns: the file, to be removed when the run ends.
    public static func publish(_ token: RunToken, for address: SocketAddress) throws -> String {
        let file = try place(named: name(of: address))
        // A coordinator that was killed may have left its own under the same address.
        try token.write(to: file, replaces: true)
        return file
    }

    /// A place in it for a token of another kind.
    /// - Parameter name: without a slash.
    public static func place(named name: String) throws -> String {
        let parent = (path as NSString).deletingLastPathComponent
        if access(parent, F_OK) != 0 {
            try? FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        try PrivateFile.makeDirectory(path)
        return "\(path)/\(name)"
    }

    /// The token of the coordinator at an address, where there is one.
    /// - Throws: where it lies open to others.
    static func find(_ address: SocketAddress) throws -> RunToken? {
        var found: RunToken?
        // `localhost` stands for both addresses of this machine.
        let hosts = address.host == "localhost" ? ["127.0.0.1", "::1"] : [address.host]
        for host in hosts where found == nil {
            let file = "\(path)/\(name(of: SocketAddress(host: host, port: address.port)))"
            if access(file, F_OK) == 0 { found = try RunToken(file: file) }
        }
        return found
    }

    /// Another network namespace has the same addresses for itself.
    private static func name(of address: SocketAddress) -> String {
        var status = stat()
        let network = stat("/proc/self/ns/net", &status) == 0 ? String(status.st_ino) : "0"
        return "\(network)-\(address.host.replacingOccurrences(of: "/", with: "_"))-\(address.port)"
    }
}
