import CZlib
import Datasets
import TestSupport

/// Synthetic data sets in the formats that can be imported.
enum Samples {
    @discardableResult
    static func pack(
        _ format: ImportFormat, _ source: String, _ destination: String, size: Int? = nil, packing: Packing = .raw,
        progress: @escaping DatasetImporter.Progress = { _, _, _ in }
    ) throws -> ImportReport {
        var options = DatasetImporter.Options(format: format, source: source, destination: destination)
        (options.size, options.packing) = (size, packing)
        return try DatasetImporter.run(options, progress: progress)
    }

    /// Writes CIFAR-10 files with `perBatch` records in each training batch. Returns the training records in order.
    @discardableResult
    static func cifar(_ scratch: Scratch, _ folder: String, perBatch: Int, test: Int = 3) throws -> [[UInt8]] {
        var noise = Noise(7)
        var training: [[UInt8]] = []
        for batch in 1...5 {
            training += (0..<perBatch).map { [UInt8(($0 + batch) % 10)] + noise.bytes(CIFARFiles.pixels) }
        }
        let batches = (0..<5).map { batch in Array(training[batch * perBatch..<(batch + 1) * perBatch].joined()) }
        let tests = (0..<test).flatMap { [UInt8($0 % 10)] + noise.bytes(CIFARFiles.pixels) }
        let names = (0..<10).map { "thing \($0)\n" }.joined() + "\n"
        try CIFARFiles.write(batches: batches, test: tests, names: names, to: scratch(folder))
        return training
    }

    /// Packs a CIFAR data set of 5 × `perBatch` training images at `scratch("packed")`.
    static func packedCIFAR(_ scratch: Scratch, perBatch: Int = 4, test: Int = 3) throws -> Dataset {
        try cifar(scratch, "source", perBatch: perBatch, test: test)
        try pack(.cifar10, scratch("source"), scratch("packed"))
        return try Dataset(path: scratch("packed"))
    }

    /// Returns the content of an IDX file of bytes.
    static func idx(_ extents: [Int], _ data: [UInt8]) -> [UInt8] {
        let numbers = extents.flatMap { extent in (0..<4).map { UInt8(extent >> (24 - 8 * $0) & 0xFF) } }
        return [0, 0, 8, UInt8(extents.count)] + numbers + data
    }

    /// Writes a gzipped file with zlib.
    static func gzip(_ bytes: [UInt8], to path: String) -> Bool {
        guard let file = gzopen(path, "wb") else { return false }
        let written = gzwrite(file, bytes, UInt32(bytes.count))
        return gzclose(file) == Z_OK && Int(written) == bytes.count
    }

    static func settings(
        crop: Bool = false, mirror: Bool = false, color: Bool = false, shuffle: Bool = false, channels: Int = 3,
        height: Int = 32, width: Int = 32, seed: UInt64 = 11
    ) -> PreparationSettings {
        PreparationSettings(
            seed: seed, crop: crop, mirror: mirror, color: color, shuffle: shuffle, channels: channels, height: height,
            width: width)
    }

    /// Returns a copy of the bytes of a stored image.
    static func pixels(_ dataset: Dataset, _ split: Split, _ index: Int) throws -> [UInt8] {
        try RecordReader(dataset).withPixels(split, index) { Array($0) }
    }

    /// Prepares a batch and returns it as arrays.
    static func batch(_ preparer: BatchPreparer, _ request: BatchRequest) throws -> (images: [Float], labels: [Int32]) {
        var images = [Float](repeating: .nan, count: request.count * preparer.imageFloats)
        var labels = [Int32](repeating: -1, count: request.count)
        try images.withUnsafeMutableBufferPointer { images in
            try labels.withUnsafeMutableBufferPointer { try preparer.prepare(request, images: images, labels: $0) }
        }
        return (images, labels)
    }
}
