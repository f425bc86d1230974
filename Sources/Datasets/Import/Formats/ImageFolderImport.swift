/// Imports folders of images: SOURCE/train/CLASS/* and SOURCE/val/CLASS/* (or SOURCE/validation/CLASS/*).
enum ImageFolderImport {
    /// The side of the images that the paper stores (§2).
    static let defaultSide = 256
    /// The side of AlexNet's input. Smaller images are for other networks; if all have the same side, they keep it.
    private static let networkSide = 224

    static func run(source: String, target: ImportTarget) throws -> ImportReport {
        let training = try folder(source, ["train"])
        let validation = try folder(source, ["val", "validation"])
        let classes = try classNames(training)
        guard !classes.isEmpty else {
            throw DatasetError("\(training) has no folders; create one folder per class in it")
        }
        for name in try classNames(validation) where !classes.contains(name) {
            throw DatasetError(
                "the class \(name) is in \(validation) but not in \(training); add training images of it or remove it")
        }
        let queues = try [(Split.train, training), (.validation, validation)].map { split, folder in
            (split: split, queue: try FolderImages(folder: folder, classes: classes), source: folder)
        }
        let side = try target.size ?? commonSide(queues.map(\.queue)) ?? defaultSide
        return try ImageImport(
            identity: .init(
                format: ImportFormat.imagefolder.rawValue, source: target.source, side: side, packing: target.packing,
                classes: classes), labels: nil, splits: queues.map { ($0.split, $0.queue, $0.source) }, target: target
        ).run()
    }

    private static func folder(_ source: String, _ names: [String]) throws -> String {
        guard let path = names.map({ "\(source)/\($0)" }).first(where: FolderListing.isFolder) else {
            throw DatasetError(
                "\(source)/\(names[0]) is missing; create it with one folder per class (symbolic links are not followed)")
        }
        return path
    }

    private static func classNames(_ folder: String) throws -> [String] {
        try FolderListing.entries(folder).filter { $0.kind == .folder }.map(\.name)
    }

    /// Returns the common side if all readable images are squares of one side that is smaller than AlexNet's input.
    /// Stops at the first image that is not.
    private static func commonSide(_ queues: [FolderImages]) throws -> Int? {
        let decoder = ImageDecoder()
        var side: Int?
        for var queue in queues {
            while let item = try queue.next() {
                guard case .file(let path) = item.content, let (width, height) = try? decoder.dimensions(path: path)
                else { continue }
                guard width == height, width < networkSide, side ?? width == width else { return nil }
                side = width
            }
        }
        return side
    }
}
