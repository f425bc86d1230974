/// The files of a split, class by class in the order of names; only one class's names are held at a time.
struct PictureQueue: Sendable {
    struct Item: Sendable {
        let path: String
        let label: Int
        let kind: FolderListing.Kind
    }

    private let folder: String
    private let classes: [String]
    /// Labels whose folders exist in this split, ascending.
    private let labels: [Int]
    private var nextLabel = 0
    private var items: [Item] = []
    private var nextItem = 0

    init(folder: String, classes: [String]) {
        self.folder = folder
        self.classes = classes
        labels = classes.indices.filter { FolderListing.isFolder("\(folder)/\(classes[$0])") }
    }

    /// The next file, or nil at the end.
    mutating func next() throws -> Item? {
        while nextItem == items.count {
            guard nextLabel < labels.count else { return nil }
            let label = labels[nextLabel]
            let path = "\(folder)/\(classes[label])"
            items = try FolderListing.entries(path).map {
                Item(path: "\(path)/\($0.name)", label: label, kind: $0.kind)
            }
            nextItem = 0
            nextLabel += 1
        }
        nextItem += 1
        return items[nextItem - 1]
    }

    /// The number of files in all.
    func count() throws -> Int {
        try labels.reduce(0) { try $0 + FolderListing.entries("\(folder)/\(classes[$1])").count }
    }
}
