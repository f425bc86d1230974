/// Imports the IDX files of MNIST and Fashion-MNIST: grey images in ten classes.
enum MNISTImport {
    private static let fashion = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    static func run(source: String, isFashion: Bool, target: ImportTarget) throws -> ImportReport {
        let classes = isFashion ? fashion : (0..<10).map(String.init)
        var writer: DatasetWriter?
        var shape: [Int] = []
        for (split, prefix) in [(Split.train, "train"), (.validation, "t10k")] {
            let images = try IDXFile(directory: source, name: "\(prefix)-images-idx3-ubyte", dimensions: 3)
            let labels = try IDXFile(directory: source, name: "\(prefix)-labels-idx1-ubyte", dimensions: 1)
            let count = images.extents[0]
            guard labels.extents[0] == count else {
                throw DatasetError(
                    "\(labels.file.path): has \(labels.extents[0]) labels for \(count) images; download both files again")
            }
            let size = Array(images.extents.dropFirst())
            let packed =
                writer ?? target.writer(channels: 1, height: size[0], width: size[1], classes: classes)
            if writer == nil { shape = size }
            writer = packed
            guard size == shape else {
                throw DatasetError(
                    "\(images.file.path): has images of \(size[0])×\(size[1]), but the training images are "
                        + "\(shape[0])×\(shape[1]); name a directory with the files of one data set")
            }
            try packed.begin(split)
            try copy(images.file, labels.file, count: count, classes: classes.count, split, to: packed, target)
        }
        guard let writer else { throw DatasetError("\(source): nothing was read") }
        return ImportReport(manifest: try writer.finish(), skipped: [], skippedCount: 0)
    }

    private static func copy(
        _ images: GzipFile, _ labels: GzipFile, count: Int, classes: Int, _ split: Split, to writer: DatasetWriter,
        _ target: ImportTarget
    ) throws {
        var pixels = [UInt8](repeating: 0, count: writer.draft.pixelBytes)
        var label: UInt8 = 0
        for index in 0..<count {
            try pixels.withUnsafeMutableBytes(images.read)
            try withUnsafeMutableBytes(of: &label, labels.read)
            guard label < classes else {
                throw DatasetError(
                    "\(labels.path): label \(index) is \(label), but there are \(classes) classes; download it again")
            }
            try pixels.withUnsafeBytes { try writer.append($0, label: Int(label), to: split) }
            target.report(split, index + 1, fraction: Double(index + 1) / Double(count))
        }
        try images.expectEnd()
        try labels.expectEnd()
    }
}
