/// Reads the images of a data set and decodes those stored as JPEG. Use it from one thread at a time.
public final class RecordReader {
    private let dataset: Dataset
    private let decoder = ImageDecoder()
    /// Buffers for decoding JPEG: the resulting planes, and the interleaved pixels from which they are made.
    private var planes: [UInt8] = []
    private var scratch: [UInt8] = []
    private var bytesRead = 0
    /// The number of bytes to read before the mapped pages are released.
    private static let releaseInterval = 64 << 20

    public init(_ dataset: Dataset) {
        self.dataset = dataset
        guard dataset.manifest.packing == .jpeg else { return }
        planes = [UInt8](repeating: 0, count: dataset.manifest.pixelBytes)
        scratch = [UInt8](repeating: 0, count: 4 * dataset.manifest.height * dataset.manifest.width)
    }

    /// Calls `body` with the pixels of an image, planar CHW.
    /// - Throws: `DatasetError`, which names the record, if it cannot be decoded.
    public func withPixels<Result>(
        _ split: Split, _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let record = dataset.record(split, index)
        defer {
            bytesRead += record.count
            if bytesRead > Self.releaseInterval {
                dataset.release(split)
                bytesRead = 0
            }
        }
        guard dataset.manifest.packing == .jpeg else { return try withExtendedLifetime(dataset) { try body(record) } }
        do {
            try decode(record)
        } catch {
            throw DatasetError(
                "\(dataset.path): record \(index) of \(split.rawValue): \(error.reason); restore the files or import the "
                    + "data set again")
        }
        return try planes.withUnsafeBytes(body)
    }

    private func decode(_ record: UnsafeRawBufferPointer) throws(ImageError) {
        var failure: ImageError?
        let (width, height) = (dataset.manifest.width, dataset.manifest.height)
        planes.withUnsafeMutableBufferPointer { planes in
            scratch.withUnsafeMutableBufferPointer { scratch in
                guard let to = planes.baseAddress, let from = scratch.baseAddress else { return }
                do throws(ImageError) {
                    try decoder.decodeStored(record, width: width, height: height, scratch: from, into: to)
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
    }
}
