import Foundation
import Glibc
import Tensors

/// A packed, memory-mapped data set: images of one size, their labels and their mean. Read pixels with a `RecordReader`.
///
/// Every length is checked against its file when the data set is opened, so that reading an image is only an address
/// computation. `verify` compares the checksums of the images.
public final class Dataset: Sendable {
    public let path: String
    public let manifest: DatasetManifest
    /// The mean of the training images: planar CHW, values 0...255 (paper §2).
    public let mean: [Float]

    private let records: [MappedFile]
    private let indexes: [RecordIndex]

    /// Opens the data set in the directory `path`.
    /// - Throws: `DatasetError` if there is no data set, or if a file does not agree with the manifest.
    public init(path: String) throws {
        let manifestPath = "\(path)/dataset.json"
        guard access(manifestPath, F_OK) == 0 else {
            throw DatasetError("\(path) contains no data set; create one with `colonnade data import`")
        }
        let manifest = try DatasetManifest.read(path: manifestPath)
        let size = manifest.pixelBytes
        // No JPEG file is much larger than its pixels.
        let lengths = manifest.packing == .raw ? size...size : 1...2 * size + 65_536
        let indexes = try Split.allCases.map { split in
            try RecordIndex(
                path: "\(path)/\(split.rawValue).index", count: manifest.counts[split], lengths: lengths,
                classes: manifest.classes.count)
        }
        records = try zip(Split.allCases, indexes).map { split, index in
            let file = try MappedFile(path: "\(path)/\(split.rawValue).records", followsLinks: false)
            guard file.bytes.count == index.total else {
                throw DatasetError(
                    "\(file.path): has \(file.bytes.count) bytes, but its records take \(index.total); restore the file or "
                        + "import the data set again")
            }
            return file
        }
        let meanFile = try MappedFile(path: "\(path)/mean.f32", followsLinks: false)
        guard meanFile.bytes.count == 4 * size else {
            throw DatasetError(
                "\(meanFile.path): has \(meanFile.bytes.count) bytes instead of \(4 * size); restore the file or import the "
                    + "data set again")
        }
        let fingerprint = meanFile.withBytes { manifest.fingerprint(indexes: indexes.map(\.file.bytes), mean: $0) }
        guard fingerprint == manifest.fingerprint else {
            throw DatasetError(
                "\(path): labels, mean and dataset.json do not belong together (fingerprint \(fingerprint), expected "
                    + "\(manifest.fingerprint)); restore the files or import the data set again")
        }
        mean = meanFile.withBytes { bytes in
            (0..<size).map {
                let bits = bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
        (self.path, self.manifest, self.indexes) = (path, manifest, indexes)
    }

    private func position(of split: Split) -> Int {
        switch split {
        case .train: 0
        case .validation: 1
        }
    }

    /// Returns the number of images in a split, which is never 0.
    public func count(_ split: Split) -> Int { manifest.counts[split] }

    /// Returns the label of an image, an index into the manifest's classes.
    public func label(_ split: Split, _ index: Int) -> Int { indexes[position(of: split)].label(index) }

    /// Returns the stored bytes of a record. They are valid only while this object lives, so keep a reference to it too.
    func record(_ split: Split, _ index: Int) -> UnsafeRawBufferPointer {
        let (offset, length) = indexes[position(of: split)].extent(index)
        return records[position(of: split)].part(offset, length)
    }

    /// Releases the mapped pages of the records, so that a process does not grow with its data set.
    func release(_ split: Split) { records[position(of: split)].release() }

    /// Compares every record with its checksum.
    /// - Parameter progress: is called regularly with (records checked, total records).
    /// - Returns: The number of records.
    /// - Throws: `DatasetError`, which names the first damaged record.
    public func verify(progress: ((Int, Int) -> Void)? = nil) throws -> Int {
        let total = Split.allCases.map(count).reduce(0, +)
        var done = 0
        for split in Split.allCases {
            for index in 0..<count(split) {
                guard Digest.hash(record(split, index)) == indexes[position(of: split)].checksum(index) else {
                    throw DatasetError(
                        "\(records[position(of: split)].path): record \(index) of \(split.rawValue) is damaged; restore the "
                            + "file or import the data set again")
                }
                done += 1
                if done % 1024 == 0 || done == total {
                    release(split)
                    progress?(done, total)
                }
            }
        }
        return total
    }
}
