import Glibc
import Tensors

/// Files that hold a secret: read only where nobody else can read them, and never open to others, not even while written.
package enum PrivateFile {
    /// Whose reading of a secret is no breach of it.
    package enum Readers: Sendable {
        /// This user, whose file it is.
        case owner
        /// A group of this process too, and root may own it: what orchestrators mount has no other form. Said by whoever knows
        /// that nobody else is in that group (docs/security.md).
        case group
    }

    /// Reads a file that nobody else may read.
    /// - Parameters:
    ///   - readers: who else may.
    ///   - followsLinks: whether the path may be a symbolic link; the file that it leads to is checked either way.
    ///   - limit: more bytes are refused.
    /// - Throws: `WireError`, with what to do.
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
            throw WireError(.file, "\(path) is not a regular file")
        }
        if readers == .group, isShared(status) { return try read(descriptor, path: path, limit: limit) }
        guard status.st_uid == geteuid() else {
            throw WireError(
                .file, "\(path) belongs to user \(status.st_uid), this process to \(geteuid()); make a copy that is its own, of mode 0600")
        }
        guard status.st_mode & 0o177 == 0 else {
            throw WireError(
                .file, "\(path) has the mode 0\(String(status.st_mode & 0o7777, radix: 8)); others must not read it: "
                    + "chmod 600 \(path)")
        }
        return try read(descriptor, path: path, limit: limit)
    }

    /// Whether a file is root's or this user's, a group of this process may read it and not write it, and others may do neither.
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
            guard bytes.count <= limit else { throw WireError(.file, "\(path) is larger than such a file can be") }
        }
    }

    /// Writes a file that has mode 0600 from its first byte.
    /// - Parameter replaces: whether it takes the place of one that is there; otherwise that is an error.
    package static func write(_ bytes: [UInt8], to path: String, replaces: Bool) throws {
        try write(bytes, to: path, mode: 0o600, replaces: replaces)
    }

    /// The same with another mode, for what goes with a secret and is none.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t, replaces: Bool) throws {
        let place = replaces ? "\(path).\(getpid()).partial" : path
        if replaces { unlink(place) }
        let descriptor = open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            guard errno != EEXIST else { throw WireError(.file, "\(path) exists already; remove it, or name another directory") }
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
            guard fsync(descriptor) == 0, !replaces || rename(place, path) == 0 else {
                throw WireError(.file, FileError(path, "put it in place").description)
            }
        } catch {
            unlink(place)
            throw error
        }
    }

    /// Makes a directory that only this user may enter, or checks that it is such a one.
    static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw WireError(.file, FileError(path, "create it").description)
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mode & 0o077 == 0
        else { throw WireError(.file, "\(path) must be a directory of this user that nobody else may enter: chmod 700 \(path)") }
    }
}
