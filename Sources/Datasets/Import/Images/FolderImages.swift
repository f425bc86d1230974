import Platform

/// Tells the label of an image by its path, or why it has none.
protocol ImageLabels: Sendable {
    func label(of path: FilePath) -> Result<Int, ImageError>
}

/// The labels of a folder whose images are all of one class.
struct ClassLabel: ImageLabels {
    let label: Int
    func label(of path: FilePath) -> Result<Int, ImageError> { .success(label) }
}

/// The labels of images that are not packed, for one reason.
struct NoLabel: ImageLabels {
    let error: ImageError
    func label(of path: FilePath) -> Result<Int, ImageError> { .failure(error) }
}

/// The labels that a table names.
struct TableLabels: ImageLabels {
    let table: LabelTable
    let path: FilePath
    let classes: ClassList

    func label(of path: FilePath) -> Result<Int, ImageError> {
        guard let name = table.name(of: path) else { return .failure(ImageError("not in \(self.path.shown)", .unlabelled)) }
        if let label = classes.label(name) { return .success(label) }
        // A class, then the rectangles of what is seen.
        if let first = name.split(separator: " ").first, let label = classes.label(String(first)) { return .success(label) }
        // A number counts the classes, unless they are called by numbers.
        if let number = Int(name), classes.names.indices.contains(number), !classes.names.allSatisfy({ Int($0) != nil }) {
            return .success(number)
        }
        return .failure(ImageError("its class \(name) has no training images", .untrained))
    }
}

/// A folder of images, with what tells their labels.
struct ImageSource: Sendable {
    let tree: any FolderTree
    /// The folder in the tree.
    let folder: FilePath
    /// The folder's path for `open`.
    let path: FilePath
    let labels: any ImageLabels
    /// Whether images in folders within it are passed over, because they belong to other sources.
    var skipsFolders = false
    /// Files that are not listed, because they are read as tables.
    var tables: Set<FilePath> = []
    /// The split's part of what is divided; nil if everything belongs to it.
    var part: HeldOutShare.Part?

    /// An image's file, or one that is left out.
    struct Entry {
        let file: WalkedFile
        let label: Result<Int, ImageError>
    }

    /// Returns the entries of the folder in their order, each file of one split only.
    func entries() throws -> [Entry] {
        let files = try tree.files(in: folder, skipsFolders: skipsFolders).filter { !tables.contains(folder.appending($0.path)) }
        let entries = files.map { file -> Entry in
            if let (kind, reason) = file.leftOut { return Entry(file: file, label: .failure(ImageError(reason, kind))) }
            return Entry(file: file, label: labels.label(of: folder.appending(file.path)))
        }
        guard let part else { return entries }
        var byLabel: [Int: [Int]] = [:]
        for (place, entry) in entries.enumerated() {
            if case .success(let label) = entry.label { byLabel[label, default: []].append(place) }
        }
        var heldOut: Set<Int> = []
        for all in byLabel.values {
            // A file that is no image by its name must not be the only one that is held out of its class.
            let images = all.filter { FileKind.isImage(entries[$0].file.path.last) }
            let places = images.isEmpty ? all : images
            heldOut.formUnion(part.share.heldOut(places.map { folder.appending(entries[$0].file.path) }).map { places[$0] })
        }
        return entries.indices.filter { heldOut.contains($0) == (part.split == .validation) }.map { entries[$0] }
    }
}

/// The files of a split's folders, source by source. Only the names of one source are in memory.
struct FolderImages: ImageQueue {
    private let sources: [ImageSource]
    private let total: Int
    private var done = 0
    /// The index of the source whose files are in `entries`.
    private var current = -1
    private var entries: [ImageSource.Entry] = []
    private var nextEntry = 0

    init(_ sources: [ImageSource]) throws {
        self.sources = sources
        total = try sources.reduce(0) { try $0 + $1.entries().count }
    }

    mutating func next() throws -> ImageItem? {
        while nextEntry == entries.count {
            guard current + 1 < sources.count else { return nil }
            try open(current + 1)
        }
        let entry = entries[nextEntry]
        nextEntry += 1
        done += 1
        let path = sources[current].path.appending(entry.file.path)
        let position = ImagePosition(container: current, offset: nextEntry)
        let fraction = Double(done) / Double(max(total, 1))
        switch entry.label {
        case .success(let label):
            return ImageItem(
                name: path.shown, label: label, content: .file(path: path, followsLinks: entry.file.isLinked), position: position,
                fraction: fraction)
        case .failure(let error):
            return ImageItem(name: path.shown, label: 0, content: .unusable(error), position: position, fraction: fraction)
        }
    }

    mutating func seek(_ position: ImagePosition) throws {
        let changed = DatasetError("the source has changed; remove the unfinished import and start again")
        guard sources.indices.contains(position.container) else { throw changed }
        done = 0
        for earlier in 0..<position.container { done += try sources[earlier].entries().count }
        try open(position.container)
        guard (0...entries.count).contains(position.offset) else { throw changed }
        nextEntry = position.offset
        done += nextEntry
    }

    private mutating func open(_ index: Int) throws {
        entries = try sources[index].entries()
        (current, nextEntry) = (index, 0)
    }
}
