/// Computes CRC-32C (Castagnoli) and its masked form. Records have the masked form, because a CRC of data that contains
/// CRCs is weak.
package enum MaskedCRC32C {
    /// The remainders of all byte values for the reflected polynomial.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { remainder, _ in remainder >> 1 ^ (remainder & 1 == 1 ? 0x82F6_3B78 : 0) }
    }

    package static func plain(_ bytes: some Sequence<UInt8>) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
        }
    }

    /// Returns the masked checksum: rotated right by 15 bits, plus a constant.
    package static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let plain = plain(bytes)
        return (plain >> 15 | plain << 17) &+ 0xA282_EAD8
    }
}
