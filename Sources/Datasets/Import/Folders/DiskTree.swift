import Glibc
package import Platform

/// The folders below a directory on disk.
///
/// Symbolic links within the source are followed; those that lead out of it only if that is asked for, because a copied source
/// could name anything that this user can read.
package struct DiskTree: FolderTree {
    package let root: FilePath
    private let resolvedRoot: FilePath
    private let followsLinks: Bool

    /// - Throws: `FileError` if the directory cannot be resolved.
    package init(root: FilePath, followsLinks: Bool = false) throws {
        guard let resolved = Self.resolve(root) else { throw FileError(root.shown, "open the directory") }
        (self.root, resolvedRoot, self.followsLinks) = (root, resolved, followsLinks)
    }

    /// Returns the path of an entry for `open`.
    package func full(_ path: FilePath) -> FilePath { root.appending(path) }

    package func entries(_ folder: FilePath) throws -> [FolderEntry] {
        let path = full(folder)
        return try FolderListing.entries(path).map { entry in
            guard case .link = entry.kind else { return entry }
            return FolderEntry(entry.name, kind(ofLink: path.appending(entry.name), in: path), isLinked: true)
        }
    }

    private func kind(ofLink path: FilePath, in folder: FilePath) -> FolderEntry.Kind {
        var status = stat()
        guard path.withCString({ stat($0, &status) }) == 0, let target = Self.resolve(path) else {
            return .link(errno == ELOOP ? "a symbolic link in a loop" : "a symbolic link that leads nowhere")
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if isFolder, Self.resolve(folder)?.isWithin(target) == true { return .link("a symbolic link to a folder that contains it") }
        guard followsLinks || target.isWithin(resolvedRoot) else {
            let reason = "a symbolic link out of the source, to \(target.shown)"
            return isFolder ? .folderLink(reason) : .link(reason)
        }
        if isFolder { return .folder }
        return status.st_mode & S_IFMT == S_IFREG ? .file : .other
    }

    private static func resolve(_ path: FilePath) -> FilePath? {
        guard let resolved = path.withCString({ realpath($0, nil) }) else { return nil }
        defer { free(resolved) }
        return FilePath(bytes: UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)))
    }
}
