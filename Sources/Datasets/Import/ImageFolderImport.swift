/// Imports folders of pictures: SOURCE/train/CLASS/* and SOURCE/val/CLASS/* (or SOURCE/validation/CLASS/*).
enum ImageFolderImport {
    /// The stored side of the paper (§2).
    private static let defaultSide = 256
    /// What AlexNet reads. Smaller pictures are for other networks, and keep their side if it is common to all.
    private static let networkSide = 224

    static func run(source: String, size: Int?, target: ImportTarget) throws -> ImportReport {
        let training = try folder(source, ["train"])
        let validation = try folder(source, ["val", "validation"])
        let classes = try classNames(training)
        guard !classes.isEmpty else {
            throw DatasetError("\(training) has no folders; make one folder per class in it")
        }
        for name in try classNames(validation) where !classes.contains(name) {
            throw DatasetError(
                "the class \(name) is in \(validation) but not in \(training); add training pictures or remove it")
        }
        let folders = [(Split.train, training), (.validation, validation)]
        let queues = folders.map { PictureQueue(folder: $0.1, classes: classes) }
        let side = try size ?? commonSide(queues) ?? defaultSide
        let writer = target.writer(channels: 3, height: side, width: side, classes: classes)
        var skipped: [SkippedPicture] = []
        for ((split, folder), queue) in zip(folders, queues) {
            let before = skipped.count
            try pack(queue, side, split, to: writer, target, &skipped)
            guard writer.count(split) > 0 else {
                let example = skipped.dropFirst(before).first.map { " (\($0.file): \($0.reason))" } ?? ""
                throw DatasetError(
                    "\(folder) has no usable picture\(example); add JPEG or PNG files to its class folders")
            }
        }
        return ImportReport(manifest: try writer.finish(), skipped: skipped)
    }

    private static func pack(
        _ queue: PictureQueue, _ side: Int, _ split: Split, to writer: DatasetWriter, _ target: ImportTarget,
        _ skipped: inout [SkippedPicture]
    ) throws {
        let total = try queue.count()
        let pipeline = DecodingPipeline(queue: queue, size: side)
        defer { pipeline.cancel() }
        try writer.begin(split)
        var done = 0
        while let outcome = try pipeline.next() {
            switch outcome.pixels {
            case .success(let pixels):
                try pixels.withUnsafeBytes { try writer.append($0, label: outcome.item.label, to: split) }
            case .failure(let error):
                skipped.append(SkippedPicture(file: outcome.item.path, reason: error.reason))
            }
            done += 1
            target.report(split, done, of: total)
        }
    }

    private static func folder(_ source: String, _ names: [String]) throws -> String {
        guard let path = names.map({ "\(source)/\($0)" }).first(where: FolderListing.isFolder) else {
            throw DatasetError(
                "\(source)/\(names[0]) is missing; put a folder per class in it (symbolic links are not followed)")
        }
        return path
    }

    private static func classNames(_ folder: String) throws -> [String] {
        try FolderListing.entries(folder).filter { $0.kind == .folder }.map(\.name)
    }

    /// The side of all readable pictures where they are squares of one side that is smaller than what AlexNet reads.
    /// Stops at the first that is not.
    private static func commonSide(_ queues: [PictureQueue]) throws -> Int? {
        let decoder = PictureDecoder()
        var side: Int?
        for var queue in queues {
            while let item = try queue.next() {
                guard item.kind == .file, let (width, height) = try? decoder.dimensions(path: item.path)
                else { continue }
                guard width == height, width < networkSide, side ?? width == width else { return nil }
                side = width
            }
        }
        return side
    }
}
