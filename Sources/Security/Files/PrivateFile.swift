import Foundation
import Glibc
import Platform

/// Files that contain a secret. They are read only if nobody else can read them, and are never readable by others, not
/// even while being written.
package enum PrivateFile {
    /// The users that may be able to read a secret's file.
    package enum Readers: Sendable {
        /// Only this user, who owns the file.
        case owner
        /// Also one of this process's groups, and root may own the file: orchestrators mount secrets only in this form. The
        /// operator must know that nobody else is in that group (docs/security.md).
        case group
    }

    /// Reads a secret, after checking that nobody else can read it.
    /// - Parameters:
    ///   - readers: who may be able to read the file.
    ///   - followsLinks: whether the path may be a symbolic link; the file that it points to is checked in any case.
    ///   - limit: the largest accepted size in bytes.
    /// - Throws: `WireError` that states the cause and the remedy.
    package static func read(_ path: String, followsLinks: Bool, readers: Readers = .owner, limit: Int = 1 << 16) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else {
            guard errno != ELOOP else {
                throw WireError(.file, "\(path) is a symbolic link; name the file itself")
            }
            throw WireError(.file, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw WireError(.file, "\(path) is not a regular file; name one")
        }
        if readers == .group, isShared(status) { return try read(descriptor, path: path, limit: limit) }
        guard status.st_uid == geteuid() else {
            throw WireError(
                .file,
                "\(path) belongs to user \(status.st_uid), but this process runs as user \(geteuid()); "
                    + "make a copy that this user owns, with mode 0600")
        }
        guard status.st_mode & 0o177 == 0 else {
            throw WireError(
                .file,
                "\(path) has the mode 0\(String(status.st_mode & 0o7777, radix: 8)), but nobody else must be able to read it; "
                    + "run chmod 600 \(path)")
        }
        return try read(descriptor, path: path, limit: limit)
    }

    /// Returns whether root or this user owns a file, one of this process's groups may read but not write it, and others can
    /// do neither.
    private static func isShared(_ status: stat) -> Bool {
        guard status.st_uid == 0 || status.st_uid == geteuid(), status.st_mode & 0o137 == 0 else { return false }
        if status.st_gid == getegid() { return true }
        var groups = [gid_t](repeating: 0, count: Int(max(0, getgroups(0, nil))))
        let count = getgroups(Int32(groups.count), &groups)
        return count > 0 && groups.prefix(Int(count)).contains(status.st_gid)
    }

    /// Reads a descriptor to its end.
    static func read(_ descriptor: Int32, path: String, limit: Int = 1 << 16) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw WireError(.file, "\(path) cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes += part[..<count]
            guard bytes.count <= limit else {
                throw WireError(.file, "\(path) is larger than \(limit) bytes; check that it is the right file")
            }
        }
    }

    /// Writes a file that has mode 0600 from its creation on.
    /// - Parameter replaces: whether to replace an existing file; otherwise an existing file is an error.
    /// - Throws: `WireError` that states the cause and the remedy.
    package static func write(_ bytes: [UInt8], to path: String, replaces: Bool) throws {
        try write(bytes, to: path, mode: 0o600, replaces: replaces)
    }

    /// Writes a file with another mode, for public files that accompany a secret.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t, replaces: Bool) throws {
        let destination = replaces ? "\(path).\(getpid()).partial" : path
        if replaces { unlink(destination) }
        let descriptor = open(destination, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            guard errno != EEXIST else { throw WireError(.file, "\(path) already exists; remove it, or name another directory") }
            throw WireError(.file, FileError(path, "create it").description)
        }
        defer { close(descriptor) }
        do {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw WireError(.file, FileError(path, "write to it").description) }
                rest = rest.dropFirst(count)
            }
            guard fsync(descriptor) == 0, !replaces || rename(destination, path) == 0 else {
                throw WireError(.file, FileError(path, "put it in place").description)
            }
        } catch {
            unlink(destination)
            throw error
        }
        do { try DurableFile.syncDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path) } catch {
            throw WireError(.file, "\(error)")
        }
    }

    /// Creates a directory that only this user can enter, or checks that an existing one is such.
    /// - Throws: `WireError` if it cannot be created, or others can enter it.
    static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw WireError(.file, FileError(path, "create it").description)
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mode & 0o077 == 0
        else { throw WireError(.file, "\(path) must be this user's directory, which nobody else can enter; run chmod 700 \(path)") }
    }
}
