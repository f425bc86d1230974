import Tensors

/// Writes the records and the index of one split.
final class SplitWriter {
    private let records: OutputFile
    private let index: OutputFile
    private let recordSize: Int
    private(set) var count = 0

    init(directory: String, split: Split, recordSize: Int) throws {
        records = try OutputFile(path: "\(directory)/\(split.rawValue).records")
        index = try OutputFile(path: "\(directory)/\(split.rawValue).index")
        self.recordSize = recordSize
        try [UInt8](repeating: 0, count: RecordIndex.headerSize).withUnsafeBytes(index.append)
    }

    func append(_ pixels: UnsafeRawBufferPointer, label: Int) throws {
        precondition(pixels.count == recordSize)
        try records.append(pixels)
        let entry = RecordIndex.entry(label: label, checksum: Digest.hash(pixels))
        try withUnsafeBytes(of: entry, index.append)
        count += 1
    }

    func finish() throws {
        try records.finish()
        try index.finish(header: RecordIndex.header(count: count, recordSize: recordSize))
    }
}
