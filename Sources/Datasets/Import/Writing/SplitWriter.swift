import Tensors

/// Writes the records and the index of one split.
final class SplitWriter {
    /// What an import has written durably, to be resumed from.
    struct Progress: Codable {
        var count: Int
        var recordBytes: Int
        var indexBytes: Int
    }

    private let records: OutputFile
    private let index: OutputFile
    private(set) var count = 0

    init(directory: String, split: Split, resuming: Progress?) throws {
        records = try OutputFile(path: "\(directory)/\(split.rawValue).records", keeping: resuming?.recordBytes)
        index = try OutputFile(path: "\(directory)/\(split.rawValue).index", keeping: resuming?.indexBytes)
        count = resuming?.count ?? 0
        guard resuming == nil else { return }
        try [UInt8](repeating: 0, count: RecordIndex.headerSize).withUnsafeBytes(index.append)
    }

    func append(_ record: UnsafeRawBufferPointer, label: Int) throws {
        let entry = RecordIndex.entry(
            offset: records.size, length: record.count, label: label, checksum: Digest.hash(record))
        try records.append(record)
        try entry.withUnsafeBytes(index.append)
        count += 1
    }

    /// Waits until everything written so far is on disk.
    func sync() throws -> Progress {
        try records.sync()
        try index.sync()
        return Progress(count: count, recordBytes: records.size, indexBytes: index.size)
    }

    func finish() throws {
        let total = records.size
        try records.finish()
        try index.finish(header: RecordIndex.header(count: count, total: total))
    }
}
