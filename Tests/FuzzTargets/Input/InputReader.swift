/// Cuts an input into the parts that a target needs; what is not there reads as zero or as nothing.
struct InputReader {
    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    var isEmpty: Bool { rest.isEmpty }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(max(0, count)))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
        return part
    }

    mutating func number<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) -> Integer {
        var value = Integer.zero
        let part = take(MemoryLayout<Integer>.size)
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: part) }
        return Integer(littleEndian: value)
    }

    /// A part that its length precedes, in two bytes.
    mutating func part() -> UnsafeRawBufferPointer { take(Int(number(UInt16.self))) }

    /// What `part` reads.
    static func part(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(truncatingIfNeeded: bytes.count), UInt8(truncatingIfNeeded: bytes.count >> 8)] + bytes
    }
}
