import Glibc
import Platform

/// Lists directories. Symbolic links are entries of their own.
enum FolderListing {
    /// Returns the entries of a directory, sorted by name, hidden ones too.
    static func entries(_ path: FilePath) throws -> [FolderEntry] {
        guard let directory = path.withCString({ opendir($0) }) else { throw FileError(path.shown, "list the directory") }
        defer { closedir(directory) }
        var entries: [FolderEntry] = []
        while true {
            errno = 0
            guard let item = readdir(directory) else {
                guard errno == 0 else { throw FileError(path.shown, "list the directory") }
                break
            }
            let name = withUnsafePointer(to: &item.pointee.d_name) { pointer in
                FileName(bytes: UnsafeRawBufferPointer(start: pointer, count: strnlen(UnsafeRawPointer(pointer), 256)))
            }
            if name.bytes == [0x2E] || name.bytes == [0x2E, 0x2E] { continue }
            entries.append(FolderEntry(name, kind(path.appending(name), type: Int(item.pointee.d_type))))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// Whether there is a regular file or a link to one. For files whose names a data set's format fixes.
    static func isRegularFile(_ path: FilePath) -> Bool { status(path, S_IFREG) }

    /// Whether there is a directory or a link to one.
    static func isFolder(_ path: FilePath) -> Bool { status(path, S_IFDIR) }

    private static func status(_ path: FilePath, _ kind: mode_t) -> Bool {
        var status = stat()
        return path.withCString { stat($0, &status) } == 0 && status.st_mode & S_IFMT == kind
    }

    /// Returns the kind that the directory states, or asks for it where the file system does not state one.
    private static func kind(_ path: FilePath, type: Int) -> FolderEntry.Kind {
        let link = FolderEntry.Kind.link("a symbolic link")
        switch type {
        case Int(DT_REG): return .file
        case Int(DT_DIR): return .folder
        case Int(DT_LNK): return link
        case Int(DT_UNKNOWN): break
        default: return .other
        }
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0 else { return .other }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        case S_IFLNK: return link
        default: return .other
        }
    }
}
