import Datasets
import Tensors

extension FuzzTarget {
    /// A packed data set: manifest, indexes, records and mean. With the first bit set, checksums are those that a
    /// packer who knows the format gives, so that what lies behind them is reached.
    static let dataset = FuzzTarget("dataset", longest: 8192) { input in
        var input = InputReader(input)
        let repairs = input.number(UInt8.self) & 1 != 0
        let manifest = Array(input.part())
        let indexes = [Array(input.part()), Array(input.part())]
        try DatasetFiles.write(manifest: manifest, indexes: indexes, records: Array(input.rest), repairs: repairs)
        let dataset = try Dataset(path: DatasetFiles.folder.path)
        let reader = RecordReader(dataset)
        for split in Split.allCases {
            for index in 0..<min(dataset.count(split), 16) {
                holds(dataset.manifest.classes.indices.contains(dataset.label(split, index)))
                try reader.withPixels(split, index) { holds($0.count == dataset.manifest.pixelBytes) }
            }
        }
        _ = try dataset.verify()
    }
}

private enum DatasetFiles {
    static let folder = ScratchFolder("dataset")

    static func write(manifest: [UInt8], indexes: [[UInt8]], records: [UInt8], repairs: Bool) throws {
        let path = folder.write(manifest, to: "dataset.json")
        var indexes = indexes
        var mean = records
        if repairs {
            let stated = try DatasetManifest.read(path: path)
            // Larger ones are refused for their mean's length, repaired or not.
            mean = [UInt8](repeating: 0, count: min(4 * stated.pixelBytes, 1 << 20))
            for (place, split) in Split.allCases.enumerated() where stated.counts[split] <= 64 {
                let count = stated.counts[split]
                let entries = indexes[place].prefix(count * RecordIndex.entrySize)
                indexes[place] = RecordIndex.header(count: count, total: records.count) + entries
                indexes[place] += [UInt8](repeating: 0, count: count * RecordIndex.entrySize - entries.count)
            }
            let fingerprint = indexes[0].withUnsafeBytes { first in
                indexes[1].withUnsafeBytes { second in
                    mean.withUnsafeBytes { stated.fingerprint(indexes: [first, second], mean: $0) }
                }
            }
            folder.write(try stated.with(fingerprint: fingerprint).encoded(), to: "dataset.json")
        }
        for (split, index) in zip(Split.allCases, indexes) {
            folder.write(index, to: "\(split.rawValue).index")
            folder.write(records, to: "\(split.rawValue).records")
        }
        folder.write(mean, to: "mean.f32")
    }
}
