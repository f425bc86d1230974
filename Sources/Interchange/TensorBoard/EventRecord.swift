/// A record of an event file: the data's length, the length's checksum, the data, and the data's checksum, all
/// little-endian.
package enum EventRecord {
    /// The bytes of a record beside its data.
    package static let overhead = 8 + 4 + 4

    package static func framed(_ data: [UInt8]) -> [UInt8] {
        let length = bytes(UInt64(data.count))
        return length + bytes(MaskedCRC32C.of(length)) + data + bytes(MaskedCRC32C.of(data))
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
