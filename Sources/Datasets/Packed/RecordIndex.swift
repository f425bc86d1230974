import Tensors

/// The index of one split: offsets, lengths, labels and checksums of its records.
///
/// A header of 64 bytes (magic, version, count, total bytes of records, checksum of the header) is followed by 24 bytes
/// per record: offset (8), length (4), label (4), and the record's XXH3 (8). All values are little-endian.
package struct RecordIndex: Sendable {
    static let version: UInt32 = 2
    static let headerSize = 64
    package static let entrySize = 24
    private static let magic: [UInt8] = Array("CLNDINDX".utf8)
    private static let checkedSize = 56

    let file: MappedFile
    let count: Int
    /// The total bytes of all records.
    let total: Int

    package static func header(count: Int, total: Int) -> [UInt8] {
        var bytes = magic
        append(version, to: &bytes)
        append(UInt32(0), to: &bytes)
        append(UInt64(count), to: &bytes)
        append(UInt64(total), to: &bytes)
        bytes.append(contentsOf: [UInt8](repeating: 0, count: checkedSize - bytes.count))
        append(Digest.hash(bytes), to: &bytes)
        return bytes
    }

    package static func entry(offset: Int, length: Int, label: Int, checksum: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entrySize)
        append(UInt64(offset), to: &bytes)
        append(UInt32(length), to: &bytes)
        append(UInt32(label), to: &bytes)
        append(checksum, to: &bytes)
        return bytes
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Opens an index and checks it against the manifest.
    /// - Parameter lengths: the valid lengths of a record in bytes.
    init(path: String, count: Int, lengths: ClosedRange<Int>, classes: Int) throws {
        let file = try MappedFile(path: path, followsLinks: false)
        guard file.bytes.count >= Self.headerSize, file.bytes.starts(with: Self.magic) else {
            throw DatasetError("\(path): is not an index of records; restore the file or import the data set again")
        }
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        guard Digest.hash(file.part(0, Self.checkedSize)) == word(Self.checkedSize) else {
            throw DatasetError("\(path): the header is damaged; restore the file or import the data set again")
        }
        guard UInt32(truncatingIfNeeded: word(8)) == Self.version else {
            throw DatasetError("\(path): was written by another version of colonnade; import the data set again")
        }
        guard word(16) == UInt64(count), word(24) <= 1 << 48 else {
            throw DatasetError(
                "\(path): has \(word(16)) records, but dataset.json says \(count); restore the files of one import")
        }
        guard (file.bytes.count - Self.headerSize) / Self.entrySize == count,
            (file.bytes.count - Self.headerSize) % Self.entrySize == 0
        else {
            throw DatasetError(
                "\(path): has \(file.bytes.count) bytes instead of \(Self.headerSize) + \(Self.entrySize) × \(count); "
                    + "restore the file or import the data set again")
        }
        (self.file, self.count, total) = (file, count, Int(word(24)))
        for record in 0..<count {
            guard label(record) < classes else {
                throw DatasetError(
                    "\(path): record \(record) has label \(label(record)), but there are \(classes) classes; restore the "
                        + "file or import the data set again")
            }
            let (offset, length) = extent(record)
            guard lengths.contains(length), offset >= 0, offset <= total - length else {
                throw DatasetError(
                    "\(path): record \(record) lies outside its file; restore the file or import the data set again")
            }
        }
    }

    private func word<Word: FixedWidthInteger>(_ record: Int, _ offset: Int, as type: Word.Type) -> Word {
        precondition(record >= 0 && record < count)
        let start = Self.headerSize + Self.entrySize * record + offset
        return Word(littleEndian: file.bytes.loadUnaligned(fromByteOffset: start, as: type))
    }

    func extent(_ record: Int) -> (offset: Int, length: Int) {
        (Int(truncatingIfNeeded: word(record, 0, as: UInt64.self)), Int(word(record, 8, as: UInt32.self)))
    }

    func label(_ record: Int) -> Int { Int(word(record, 12, as: UInt32.self)) }
    func checksum(_ record: Int) -> UInt64 { word(record, 16, as: UInt64.self) }
}
