import Glibc

/// The four files of a role's TLS material, as read from the disk at one time.
struct TLSFiles {
    struct File {
        let path: String
        let bytes: [UInt8]
    }

    /// Distinguishes versions of a file without reading it.
    struct Stamp: Equatable {
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int
        /// Time of the last change to content, mode or owner, in seconds.
        let changed: Int
    }

    static let authorityName = "authority.pem"
    static let revokedName = "revoked.crl"

    let role: PeerRole
    let authority, certificate, key, revoked: File

    static func paths(_ directory: String, _ role: PeerRole) -> [String] {
        [authorityName, "\(role.rawValue).pem", "\(role.rawValue).key", revokedName].map { "\(directory)/\($0)" }
    }

    static func stamps(_ directory: String, _ role: PeerRole) -> [Stamp?] {
        paths(directory, role).map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            return Stamp(
                inode: UInt(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
                nanoseconds: status.st_mtim.tv_nsec, changed: status.st_ctim.tv_sec)
        }
    }

    /// - Throws: `WireError` that names the file that is missing or unreadable, or the key that others can read.
    init(_ directory: String, _ role: PeerRole, keyReaders: PrivateFile.Readers = .owner) throws {
        let paths = Self.paths(directory, role)
        for path in paths where access(path, F_OK) != 0 {
            throw WireError(
                .file,
                "\(path) is missing; copy it from the directory that `colonnade certificates create` created, or issue "
                    + "it with `colonnade certificates issue`")
        }
        func open(_ path: String) throws -> File {
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { throw WireError(.file, "\(path) cannot be opened: \(String(cString: strerror(errno)))") }
            defer { close(descriptor) }
            // The largest of these files is a long revocation list.
            return File(path: path, bytes: try PrivateFile.read(descriptor, path: path, limit: 4 << 20))
        }
        self.role = role
        (authority, certificate, revoked) = (try open(paths[0]), try open(paths[1]), try open(paths[3]))
        key = File(path: paths[2], bytes: try PrivateFile.read(paths[2], followsLinks: true, readers: keyReaders))
    }
}
