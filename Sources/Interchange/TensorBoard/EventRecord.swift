/// Encodes records of an event file: the length of the data, the checksum of the length, the data, and the checksum of the
/// data. Integers are little-endian.
package enum EventRecord {
    /// The bytes of a record in addition to its data.
    package static let overhead = 8 + 4 + 4

    package static func framed(_ data: [UInt8]) -> [UInt8] {
        let length = bytes(UInt64(data.count))
        return length + bytes(MaskedCRC32C.of(length)) + data + bytes(MaskedCRC32C.of(data))
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
