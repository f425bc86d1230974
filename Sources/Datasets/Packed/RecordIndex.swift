import Tensors

/// The index of one split: labels and checksums of its records.
///
/// A header of 64 bytes (magic, version, count, record size, checksum of itself), then 16 bytes per record: label,
/// four reserved bytes, and the record's XXH3. All little-endian.
struct RecordIndex: Sendable {
    static let version: UInt32 = 1
    static let headerSize = 64
    static let entrySize = 16
    private static let magic: [UInt8] = Array("CLNDINDX".utf8)
    private static let checkedSize = 56

    let file: MappedFile
    let count: Int

    static func header(count: Int, recordSize: Int) -> [UInt8] {
        var bytes = magic
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(version)
        append(UInt32(0))
        append(UInt64(count))
        append(UInt64(recordSize))
        bytes.append(contentsOf: [UInt8](repeating: 0, count: checkedSize - bytes.count))
        append(Digest.hash(bytes))
        return bytes
    }

    static func entry(label: Int, checksum: UInt64) -> (UInt64, UInt64) {
        (UInt64(UInt32(label)).littleEndian, checksum.littleEndian)
    }

    /// Opens an index and checks it against what the manifest promises.
    init(path: String, count: Int, recordSize: Int, classes: Int) throws {
        let file = try MappedFile(path: path)
        guard file.bytes.count >= Self.headerSize, file.bytes.starts(with: Self.magic) else {
            throw DatasetError("\(path): not an index of records; restore the file or import the data set again")
        }
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        guard Digest.hash(file.part(0, Self.checkedSize)) == word(Self.checkedSize) else {
            throw DatasetError("\(path): its header is damaged; restore the file or import the data set again")
        }
        guard UInt32(truncatingIfNeeded: word(8)) == Self.version else {
            throw DatasetError("\(path): written by another version of colonnade; import the data set again")
        }
        guard word(16) == UInt64(count), word(24) == UInt64(recordSize) else {
            throw DatasetError(
                "\(path): has \(word(16)) records of \(word(24)) bytes, dataset.json says \(count) of \(recordSize); "
                    + "restore the files of one import")
        }
        guard (file.bytes.count - Self.headerSize) / Self.entrySize == count,
            (file.bytes.count - Self.headerSize) % Self.entrySize == 0
        else {
            throw DatasetError(
                "\(path): has \(file.bytes.count) bytes, not the \(Self.headerSize) + \(Self.entrySize) × \(count) of "
                    + "its records; restore the file or import the data set again")
        }
        (self.file, self.count) = (file, count)
        for record in 0..<count where label(record) >= classes {
            throw DatasetError(
                "\(path): record \(record) has label \(label(record)), but there are \(classes) classes; restore the "
                    + "file or import the data set again")
        }
    }

    func label(_ record: Int) -> Int {
        precondition(record >= 0 && record < count)
        let offset = Self.headerSize + Self.entrySize * record
        return Int(UInt32(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    func checksum(_ record: Int) -> UInt64 {
        precondition(record >= 0 && record < count)
        let offset = Self.headerSize + Self.entrySize * record + 8
        return UInt64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
