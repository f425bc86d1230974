/// The number format of a tensor's elements.
public enum ElementType: Sendable, Equatable {
    case float32
    /// The upper half of a 32-bit float: the same range, with 8 bits of precision.
    case bfloat16

    public var byteCount: Int { self == .float32 ? 4 : 2 }
}

/// Conversions between 32-bit floats and bfloat16, which has 16 bits and the same range.
public enum BFloat16 {
    @inlinable public static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// Rounds to the nearest bfloat16, ties to even; NaN stays NaN.
    @inlinable public static func bits(_ value: Float) -> UInt16 {
        let word = value.bitPattern
        if value != value { return UInt16(truncatingIfNeeded: word >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (word &+ 0x7FFF &+ (word >> 16 & 1)) >> 16)
    }
}
