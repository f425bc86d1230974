/// The files of a split's folders, class by class in the order of names; only one class's names are held at a time.
struct FolderImages: ImageQueue {
    private let folder: String
    private let classes: [String]
    /// Labels whose folders exist in this split, ascending.
    private let labels: [Int]
    private let total: Int
    private var done = 0
    /// The label's place in `labels` whose files are in `names`.
    private var place = -1
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
            guard place + 1 < labels.count else { return nil }
            try open(place + 1)
        }
        let (entry, label) = (entries[nextEntry], labels[place])
        nextEntry += 1
        done += 1
        let path = "\(folder)/\(classes[label])/\(entry.name)"
        return ImageItem(
            name: path, label: label, content: entry.content(path), position: .init(container: place, offset: nextEntry),
            fraction: Double(done) / Double(max(total, 1)))
    }

    mutating func seek(_ position: ImagePosition) throws {
        guard labels.indices.contains(position.container) else { throw DatasetError("\(folder) has changed; import it anew") }
        done = 0
        for earlier in 0..<position.container {
            done += try FolderListing.entries("\(folder)/\(classes[labels[earlier]])").count
        }
        try open(position.container)
        guard (0...entries.count).contains(position.offset) else {
            throw DatasetError("\(folder) has changed; import it anew")
        }
        nextEntry = position.offset
        done += nextEntry
    }

    private mutating func open(_ place: Int) throws {
        entries = try FolderListing.entries("\(folder)/\(classes[labels[place]])")
        (self.place, nextEntry) = (place, 0)
    }
}

extension FolderListing.Entry {
    /// What the entry holds, for a queue.
    func content(_ path: String) -> ImageItem.Content {
        switch kind {
        case .file: .file(path: path)
        case .folder: .unusable(reason: "a folder; images lie directly in their class's folder")
        case .link: .unusable(reason: "a symbolic link; links are not followed")
        case .other: .unusable(reason: "not a regular file")
        }
    }
}
