package import Platform

/// An entry of a folder, as its name and kind only.
package struct FolderEntry: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case file, folder
        /// A symbolic link that is not followed, and why.
        case link(String)
        /// A link to a folder that is not followed, and why.
        case folderLink(String)
        case other
    }

    package let name: FileName
    package let kind: Kind
    /// Whether the entry is a symbolic link to what `kind` says.
    package var isLinked = false

    package init(_ name: FileName, _ kind: Kind, isLinked: Bool = false) {
        (self.name, self.kind, self.isLinked) = (name, kind, isLinked)
    }
}

/// The folders below a source. Paths are relative to it; the empty path is the source itself.
package protocol FolderTree: Sendable {
    /// Returns the entries of a folder, sorted by name, system files and hidden ones too.
    func entries(_ folder: FilePath) throws -> [FolderEntry]
}

/// A file that an import leaves out, with the reason.
package struct LeftOutEntry: Sendable, Equatable {
    package let path: FilePath
    package let kind: LeftOut
    package let reason: String

    package init(_ path: FilePath, _ kind: LeftOut, _ reason: String) { (self.path, self.kind, self.reason) = (path, kind, reason) }

    /// Returns the entry with a path below a directory.
    package func below(_ root: FilePath) -> LeftOutEntry { LeftOutEntry(root.appending(path), kind, reason) }
}

extension FolderEntry {
    private static let systemNames: Set<String> = [
        "__macosx", "thumbs.db", "desktop.ini", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found",
    ]

    /// The reason why an entry is left out everywhere: it belongs to an operating system or a program, or is hidden.
    package var systemReason: String? {
        let isFolder = kind == .folder
        if Self.systemNames.contains(name.lowercased) { return "a \(isFolder ? "folder" : "file") of an operating system" }
        return name.bytes.first == 0x2E ? "a hidden \(isFolder ? "folder" : "file")" : nil
    }
}

/// A file of a folder or of the folders in it.
package struct WalkedFile: Sendable {
    /// The path below the folder.
    package let path: FilePath
    /// The reason why it is not read; nil for a file.
    package var leftOut: (kind: LeftOut, reason: String)?
    package var isLinked = false
}

extension FolderTree {
    /// Returns the entries of a folder without those that are left out everywhere.
    package func visible(_ folder: FilePath) throws -> [FolderEntry] { try entries(folder).filter { $0.systemReason == nil } }

    /// Returns the files of a folder: its own in the order of their names, then, if asked for, those of each folder in it.
    /// - Parameter skipsFolders: whether folders are passed over, because somebody else reads them.
    package func files(in folder: FilePath, skipsFolders: Bool = false) throws -> [WalkedFile] {
        var files: [WalkedFile] = []
        try walk(folder, FilePath(""), skipsFolders, depth: 0, into: &files)
        return files
    }

    /// The depth below a class's folder to which files are looked for.
    private static var depthLimit: Int { 16 }

    private func walk(
        _ folder: FilePath, _ path: FilePath, _ skipsFolders: Bool, depth: Int, into files: inout [WalkedFile]
    ) throws {
        var folders: [FileName] = []
        for entry in try entries(folder.appending(path)) {
            let place = path.appending(entry.name)
            if let reason = entry.systemReason {
                // The recognizer lists what lies beside the folders.
                guard !skipsFolders else { continue }
                files.append(WalkedFile(path: place, leftOut: (.system, reason)))
                continue
            }
            switch entry.kind {
            case .file: files.append(WalkedFile(path: place, isLinked: entry.isLinked))
            case .folder: folders.append(entry.name)
            case .link(let reason), .folderLink(let reason): files.append(WalkedFile(path: place, leftOut: (.link, reason)))
            case .other: files.append(WalkedFile(path: place, leftOut: (.unsupported, "not a regular file")))
            }
        }
        guard !skipsFolders else { return }
        for name in folders {
            guard depth < Self.depthLimit else {
                files.append(WalkedFile(path: path.appending(name), leftOut: (.unsupported, "in too many folders within folders")))
                continue
            }
            try walk(folder, path.appending(name), false, depth: depth + 1, into: &files)
        }
    }
}
