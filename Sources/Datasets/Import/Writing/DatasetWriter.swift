import Platform
import Tensors

/// Writes the files of a data set into a directory, one split after the other. Only sums are kept in memory.
final class DatasetWriter {
    /// The properties of a data set that are known before its images are read.
    struct Draft {
        var name: String
        var channels: Int
        var height: Int
        var width: Int
        var packing = Packing.raw
        var classes: [String]
        var labels: [String]?

        var pixelBytes: Int { channels * height * width }
    }

    let draft: Draft
    private let directory: String
    private(set) var statistics: PixelStatistics
    private var writers: [Split: SplitWriter] = [:]

    /// - Parameter statistics: of the images that an interrupted import has already packed.
    init(directory: String, _ draft: Draft, statistics: PixelStatistics? = nil) {
        (self.directory, self.draft) = (directory, draft)
        self.statistics =
            statistics ?? PixelStatistics(channels: draft.channels, height: draft.height, width: draft.width)
    }

    /// Begins or resumes a split. Call `append` for each of its images next.
    func begin(_ split: Split, resuming: SplitWriter.Progress? = nil) throws {
        writers[split] = try SplitWriter(directory: directory, split: split, resuming: resuming)
    }

    /// Writes one image. The caller must have checked the label.
    /// - Parameters:
    ///   - pixels: Planar CHW.
    ///   - file: The encoded image to store instead of the pixels, for packings other than raw.
    func append(
        _ pixels: UnsafeRawBufferPointer, file: UnsafeRawBufferPointer? = nil, label: Int, to split: Split
    ) throws {
        precondition(label >= 0 && label < draft.classes.count && pixels.count == draft.pixelBytes)
        try writers[split]?.append(file ?? pixels, label: label)
        if split == .train { statistics.add(pixels) }
    }

    func count(_ split: Split) -> Int { writers[split]?.count ?? 0 }

    /// Waits until everything written so far is on disk.
    func sync() throws -> [Split: SplitWriter.Progress] { try writers.mapValues { try $0.sync() } }

    /// Completes the files and writes the mean and the manifest.
    func finish() throws -> DatasetManifest {
        for split in Split.allCases {
            guard count(split) > 0 else {
                throw DatasetError("no usable image for the \(split.rawValue) split; add images to that part of the source")
            }
            try writers[split]?.finish()
        }
        let mean = statistics.mean.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
        try DurableFile.write(mean, to: "\(directory)/mean.f32")
        let complete = DatasetManifest(
            formatVersion: DatasetManifest.currentVersion, name: draft.name, channels: draft.channels,
            height: draft.height, width: draft.width, packing: draft.packing, classes: draft.classes,
            labels: draft.labels, counts: SplitCounts(train: count(.train), validation: count(.validation)),
            fingerprint: "", colors: statistics.colors)
        let indexes = try Split.allCases.map { try MappedFile(path: "\(directory)/\($0.rawValue).index") }
        let fingerprint = withExtendedLifetime(indexes) {
            mean.withUnsafeBytes { complete.fingerprint(indexes: indexes.map(\.bytes), mean: $0) }
        }
        let manifest = complete.with(fingerprint: fingerprint)
        try DurableFile.write(manifest.encoded(), to: "\(directory)/dataset.json")
        return manifest
    }
}
