/// The files of a split's folders, class by class in the order of names. Only the names of one class are in memory.
struct FolderImages: ImageQueue {
    private let folder: String
    private let classes: [String]
    /// The labels whose folders exist in this split, in ascending order.
    private let labels: [Int]
    private let total: Int
    private var done = 0
    /// The index in `labels` of the class whose files are in `entries`.
    private var current = -1
    private var entries: [FolderListing.Entry] = []
    private var nextEntry = 0

    init(folder: String, classes: [String]) throws {
        self.folder = folder
        self.classes = classes
        let labels = classes.indices.filter { FolderListing.isFolder("\(folder)/\(classes[$0])") }
        self.labels = labels
        total = try labels.reduce(0) { try $0 + FolderListing.entries("\(folder)/\(classes[$1])").count }
    }

    mutating func next() throws -> ImageItem? {
        while nextEntry == entries.count {
            guard current + 1 < labels.count else { return nil }
            try open(current + 1)
        }
        let (entry, label) = (entries[nextEntry], labels[current])
        nextEntry += 1
        done += 1
        let path = "\(folder)/\(classes[label])/\(entry.name)"
        return ImageItem(
            name: path, label: label, content: entry.content(path), position: .init(container: current, offset: nextEntry),
            fraction: Double(done) / Double(max(total, 1)))
    }

    mutating func seek(_ position: ImagePosition) throws {
        guard labels.indices.contains(position.container) else {
            throw DatasetError("\(folder) has changed; remove the unfinished import and start again")
        }
        done = 0
        for earlier in 0..<position.container {
            done += try FolderListing.entries("\(folder)/\(classes[labels[earlier]])").count
        }
        try open(position.container)
        guard (0...entries.count).contains(position.offset) else {
            throw DatasetError("\(folder) has changed; remove the unfinished import and start again")
        }
        nextEntry = position.offset
        done += nextEntry
    }

    private mutating func open(_ index: Int) throws {
        entries = try FolderListing.entries("\(folder)/\(classes[labels[index]])")
        (current, nextEntry) = (index, 0)
    }
}

extension FolderListing.Entry {
    /// Returns the entry as the content of a queue's item.
    func content(_ path: String) -> ImageItem.Content {
        switch kind {
        case .file: .file(path: path)
        case .folder: .unusable(reason: "a folder; images must be directly in the folder of their class")
        case .link: .unusable(reason: "a symbolic link; links are not followed")
        case .other: .unusable(reason: "not a regular file")
        }
    }
}
