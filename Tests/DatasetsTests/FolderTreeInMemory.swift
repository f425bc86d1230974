import Datasets
import Platform

/// A tree of folders that is stated by the paths of its files. A path that ends with a slash is an empty folder.
struct FolderTreeInMemory: FolderTree {
    private var folders: [FilePath: [FolderEntry]] = [FilePath(""): []]

    init(_ paths: [String], links: [String: FolderEntry.Kind] = [:]) {
        for path in paths { add(FilePath(path), isFolder: path.hasSuffix("/"), .file) }
        for (path, kind) in links { add(FilePath(path), isFolder: false, kind) }
    }

    private mutating func add(_ path: FilePath, isFolder: Bool, _ kind: FolderEntry.Kind) {
        var folder = FilePath("")
        for (place, name) in path.names.enumerated() {
            let isLast = place == path.names.count - 1
            let entry = FolderEntry(name, isLast && !isFolder ? kind : .folder)
            if folders[folder, default: []].contains(entry) == false { folders[folder, default: []].append(entry) }
            folder = folder.appending(name)
            if entry.kind == .folder, folders[folder] == nil { folders[folder] = [] }
        }
    }

    func entries(_ folder: FilePath) throws -> [FolderEntry] { folders[folder, default: []].sorted { $0.name < $1.name } }
}
