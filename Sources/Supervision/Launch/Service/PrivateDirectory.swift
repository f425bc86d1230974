import CLinux
import Foundation
import Glibc
import Platform
import Security

/// A directory of this process alone, for keys: of mode 0700, and removed at the end. One that a killed process has left is
/// removed by the next one: it is recognized by a lock that no process has.
final class PrivateDirectory {
    let path: String
    private let lock: Int32
    private static let prefix = "colonnade-host-"

    /// - Parameter parent: nil takes the user's directory of this session, which is in memory, or that of temporary files.
    init(in parent: String? = nil) throws {
        let parent = parent ?? Self.usual
        Self.removeAbandoned(in: parent)
        var template = Array("\(parent)/\(Self.prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(
                CommandFailure.cannotCreate,
                "\(parent) takes no directory: \(String(cString: strerror(errno))); name one of your own with TMPDIR")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw CommandFailure(CommandFailure.cannotCreate, "\(path) cannot be locked: \(String(cString: strerror(errno)))")
        }
    }

    private static var usual: String {
        let session = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"] ?? ""
        if session.hasPrefix("/"), access(session, W_OK) == 0 { return session }
        let temporary = FileManager.default.temporaryDirectory.path
        return temporary.hasSuffix("/") ? String(temporary.dropLast()) : temporary
    }

    /// Keeps a file that only this user reads.
    /// - Parameter name: of letters, digits, dots, dashes and slashes; a slash makes a directory below this one.
    func keep(_ name: String, _ content: [UInt8]) throws {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            !part.isEmpty && !part.hasPrefix(".") && part.utf8.count <= 100
                && part.utf8.allSatisfy { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || (0x2D...0x39).contains($0) }
        }
        guard isName, parts.count <= 2 else { throw CommandFailure(CommandFailure.usage, "\"\(name)\" is not a valid file name") }
        if parts.count == 2 { mkdir("\(path)/\(parts[0])", 0o700) }
        try PrivateFile.write(content, to: "\(path)/\(name)", replaces: true)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
        close(lock)
    }

    private static func removeAbandoned(in parent: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let place = "\(parent)/\(name)"
            var status = stat()
            guard lstat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else { continue }
            let lock = open(place + "/lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard lock >= 0 else { continue }
            defer { close(lock) }
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: place) }
        }
    }
}
