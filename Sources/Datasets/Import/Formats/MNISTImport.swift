import Platform

/// Imports the IDX files of MNIST, Fashion-MNIST, KMNIST and EMNIST: grey images, whose pixels stay as they are.
struct MNISTImport {
    private let source: FilePath
    private let set: IDXSet
    private let classes: IDXClasses
    private let target: ImportTarget

    /// - Parameter source: a directory, or a directory and the prefix of one of the sets in it.
    init(source: FilePath, target: ImportTarget) throws {
        let isFolder = FolderListing.isFolder(source)
        let folder = isFolder ? source : source.parent
        let files = try FolderListing.entries(folder).map(\.name).filter { FolderListing.isRegularFile(folder.appending($0)) }
        let sets = IDXSet.all(in: files)
        let chosen = isFolder ? sets : sets.filter { $0.prefix == source.last.lowercased || $0.prefix == "\(source.last.lowercased)-" }
        guard let set = chosen.first else {
            throw DatasetError(
                "\(source.shown) has no IDX files; train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
                    + "t10k-labels-idx1-ubyte, each plain or with .gz, are missing; download them into it")
        }
        guard chosen.count == 1 else {
            let names = chosen.map { $0.prefix.isEmpty ? "one without a prefix" : folder.appending(String($0.prefix.dropLast())).shown }
            throw DatasetError(
                "\(source.shown) has the files of \(chosen.count) data sets; name one as the source: \(names.joined(separator: ", "))")
        }
        guard set.missing.isEmpty else {
            let names = set.missing.map { "\($0) and \($0).gz" }.joined(separator: ", ")
            throw DatasetError("\(folder.shown): \(names) are missing; download one of each into \(folder.shown)")
        }
        let path = source.standardized.shown
        (self.source, self.set, self.target) = (folder, set, target)
        classes = try Self.classes(of: set, in: folder, isFashion: path.lowercased().contains("fashion"))
    }

    private static func classes(of set: IDXSet, in folder: FilePath, isFashion: Bool) throws -> IDXClasses {
        guard let name = set.mapping else { return .known(prefix: set.prefix, isFashion: isFashion) }
        let path = folder.appending(name)
        let text = try MappedFile(path: path, limit: 1 << 20).withBytes { String(decoding: $0, as: UTF8.self) }
        guard let classes = IDXClasses(mapping: text) else {
            throw DatasetError("\(path.shown): is not a table of labels and characters; download it again or remove it")
        }
        return classes
    }

    func run() throws -> ImportReport {
        var writer: DatasetWriter?
        var shape: [Int] = []
        for split in Split.allCases {
            guard let images = set.images[split], let labels = set.labels[split] else { continue }
            writer = try pack(
                IDXFile(path: source.appending(images), dimensions: 3), IDXFile(path: source.appending(labels), dimensions: 1), split,
                writer, &shape)
        }
        guard let writer else { throw DatasetError("\(source.shown): nothing was read") }
        var report = ImportReport(manifest: try writer.finish(), skipped: [], skippedCount: 0)
        report.layout = "IDX files" + (set.prefix.isEmpty ? "" : " \(set.prefix)*")
        return report
    }

    private func pack(
        _ images: IDXFile, _ labels: IDXFile, _ split: Split, _ writer: DatasetWriter?, _ shape: inout [Int]
    ) throws -> DatasetWriter {
        let count = images.extents[0]
        guard labels.extents[0] == count else {
            throw DatasetError(
                "\(labels.file.path): has \(labels.extents[0]) labels for \(count) images; download both files again")
        }
        let size = Array(images.extents.dropFirst())
        if writer == nil { shape = size }
        let packed = writer ?? target.writer(channels: 1, height: size[0], width: size[1], classes: classes.names)
        guard size == shape else {
            throw DatasetError(
                "\(images.file.path): has images of \(size[0])×\(size[1]), but the training images are "
                    + "\(shape[0])×\(shape[1]); name a directory with the files of one data set")
        }
        try packed.begin(split)
        try copy(images.file, labels.file, count: count, split, to: packed)
        return packed
    }

    private func copy(_ images: GzipFile, _ labels: GzipFile, count: Int, _ split: Split, to writer: DatasetWriter) throws {
        var pixels = [UInt8](repeating: 0, count: writer.draft.pixelBytes)
        var label: UInt8 = 0
        for index in 0..<count {
            try pixels.withUnsafeMutableBytes(images.read)
            try withUnsafeMutableBytes(of: &label, labels.read)
            guard let place = classes.place(Int(label)) else {
                throw DatasetError(
                    "\(labels.path): label \(index) is \(label), but there are \(classes.names.count) classes; download it again")
            }
            try pixels.withUnsafeBytes { try writer.append($0, label: place, to: split) }
            target.report(split, index + 1, fraction: Double(index + 1) / Double(count))
        }
        try images.expectEnd()
        try labels.expectEnd()
    }
}
