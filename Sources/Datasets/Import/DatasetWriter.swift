import Tensors

/// Writes the files of a data set into a directory, one split after the other, keeping only sums in memory.
final class DatasetWriter {
    let recordSize: Int
    private let directory: String
    private let draft: DatasetManifest
    private var statistics: PixelStatistics
    private var writers: [Split: SplitWriter] = [:]

    init(directory: String, name: String, channels: Int, height: Int, width: Int, classes: [String]) {
        self.directory = directory
        draft = DatasetManifest(
            formatVersion: DatasetManifest.currentVersion, name: name, channels: channels, height: height,
            width: width, classes: classes, counts: SplitCounts(train: 0, validation: 0), fingerprint: "", colors: nil)
        recordSize = draft.recordSize
        statistics = PixelStatistics(channels: channels, height: height, width: width)
    }

    /// Starts a split; call `append` for each of its pictures next.
    func begin(_ split: Split) throws {
        writers[split] = try SplitWriter(directory: directory, split: split, recordSize: recordSize)
    }

    /// Writes one picture, planar CHW. The caller has checked the label.
    func append(_ pixels: UnsafeRawBufferPointer, label: Int, to split: Split) throws {
        precondition(label >= 0 && label < draft.classes.count)
        try writers[split]?.append(pixels, label: label)
        if split == .train { statistics.add(pixels) }
    }

    func count(_ split: Split) -> Int { writers[split]?.count ?? 0 }

    /// Completes the files, and writes mean and manifest.
    func finish() throws -> DatasetManifest {
        for split in Split.allCases {
            guard count(split) > 0 else {
                throw DatasetError("no usable picture for \(split.rawValue); add pictures to that part of the source")
            }
            try writers[split]?.finish()
        }
        let mean = statistics.mean.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
        try DurableFile.write(mean, to: "\(directory)/mean.f32")
        let complete = DatasetManifest(
            formatVersion: draft.formatVersion, name: draft.name, channels: draft.channels, height: draft.height,
            width: draft.width, classes: draft.classes,
            counts: SplitCounts(train: count(.train), validation: count(.validation)), fingerprint: "",
            colors: statistics.colors)
        let indexes = try Split.allCases.map { try MappedFile(path: "\(directory)/\($0.rawValue).index") }
        let fingerprint = withExtendedLifetime(indexes) {
            mean.withUnsafeBytes { complete.fingerprint(indexes: indexes.map(\.bytes), mean: $0) }
        }
        let manifest = complete.with(fingerprint: fingerprint)
        try DurableFile.write(manifest.encoded(), to: "\(directory)/dataset.json")
        return manifest
    }
}
