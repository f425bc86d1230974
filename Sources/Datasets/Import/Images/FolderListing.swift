import Glibc
import Platform

/// Lists directories without following symbolic links.
enum FolderListing {
    enum Kind: Sendable { case file, folder, link, other }

    struct Entry: Sendable {
        let name: String
        let kind: Kind
    }

    /// Returns the entries of a directory, sorted by name. Hidden entries, which start with a dot, are included on request.
    static func entries(_ path: String, includingHidden: Bool = false) throws -> [Entry] {
        guard let directory = opendir(path) else { throw FileError(path, "list the directory") }
        defer { closedir(directory) }
        var entries: [Entry] = []
        while let item = readdir(directory) {
            let name = withUnsafePointer(to: &item.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." || name.hasPrefix(".") && !includingHidden { continue }
            entries.append(Entry(name: name, kind: kind("\(path)/\(name)", type: Int(item.pointee.d_type))))
        }
        return entries.sorted { $0.name < $1.name }
    }

    static func isFolder(_ path: String) -> Bool { kind(path, type: Int(DT_UNKNOWN)) == .folder }

    /// Whether there is a regular file or a link to one. For files whose names a data set's format fixes.
    static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Returns the kind that the directory states, or asks for it where the file system does not state one.
    private static func kind(_ path: String, type: Int) -> Kind {
        switch type {
        case Int(DT_REG): return .file
        case Int(DT_DIR): return .folder
        case Int(DT_LNK): return .link
        case Int(DT_UNKNOWN): break
        default: return .other
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return .other }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        case S_IFLNK: return .link
        default: return .other
        }
    }
}
