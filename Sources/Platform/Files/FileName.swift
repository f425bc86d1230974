/// A name in a directory, as the bytes that the file system has.
///
/// A `String` cannot stand for it: Swift repairs bytes that are not UTF-8, and takes two names that differ only in their Unicode
/// normal form for equal. Names are ordered as Python orders them: by code points, and a byte that is not UTF-8 as U+DC00 + byte.
public struct FileName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let bytes: [UInt8]

    public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    public init(_ text: String) { bytes = Array(text.utf8) }

    /// The name for a person. Bytes that are not UTF-8, control characters and backslashes are escaped, so that `init(shown:)`
    /// gives the same bytes back.
    public var shown: String { ShownBytes.text(bytes) }

    /// Reads a name as `shown` writes it.
    public init(shown text: String) { bytes = ShownBytes.bytes(text) }

    public var description: String { shown }

    /// The name in lower case where it is ASCII, to compare with words.
    public var lowercased: String {
        String(decoding: bytes.map { 0x41...0x5A ~= $0 ? $0 + 0x20 : $0 }, as: UTF8.self)
    }

    /// The path of this name in the current directory, or in a tree's root.
    public var path: FilePath { FilePath(bytes: bytes) }

    /// The part before the last dot; the whole name if there is none, or only one at its beginning.
    public var stem: FileName {
        guard let dot = bytes.lastIndex(of: 0x2E), dot > 0 else { return self }
        return FileName(bytes: bytes[..<dot])
    }

    public func hasSuffix(_ suffix: String) -> Bool {
        bytes.count >= suffix.utf8.count && bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    public static func < (a: FileName, b: FileName) -> Bool {
        var (x, y) = (CodePoints(a.bytes), CodePoints(b.bytes))
        while let right = y.next() {
            guard let left = x.next() else { return true }
            if left.value != right.value { return left.value < right.value }
        }
        return false
    }
}

/// The code points of bytes that should be UTF-8. A byte that is not stands for itself.
struct CodePoints: IteratorProtocol {
    struct Point {
        /// The code point; U+DC00 + byte for a byte that is not UTF-8, as Python has it.
        let value: UInt32
        let length: Int
        let isValid: Bool
    }

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Point? {
        guard offset < bytes.count else { return nil }
        let point = Self.point(bytes[offset...])
        offset += point.length
        return point
    }

    private static func point(_ bytes: ArraySlice<UInt8>) -> Point {
        let first = bytes[bytes.startIndex]
        let stray = Point(value: 0xDC00 + UInt32(first), length: 1, isValid: false)
        let (length, least): (Int, UInt32)
        switch first {
        case ..<0x80: return Point(value: UInt32(first), length: 1, isValid: true)
        case 0xC2...0xDF: (length, least) = (2, 0x80)
        case 0xE0...0xEF: (length, least) = (3, 0x800)
        case 0xF0...0xF4: (length, least) = (4, 0x10000)
        default: return stray
        }
        guard bytes.count >= length else { return stray }
        var value = UInt32(first) & (0xFF >> UInt32(length + 1))
        for byte in bytes.prefix(length).dropFirst() {
            guard byte & 0xC0 == 0x80 else { return stray }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        guard value >= least, value <= 0x10FFFF, !(0xD800...0xDFFF ~= value) else { return stray }
        return Point(value: value, length: length, isValid: true)
    }
}

/// Bytes as text that can be read back.
enum ShownBytes {
    private static let digits = Array("0123456789ABCDEF".utf8)
    private static let backslash: UInt8 = 0x5C

    /// Returns UTF-8 as it is, except backslashes, which are doubled, and other bytes and control characters, as `\xE9`.
    static func text(_ bytes: [UInt8]) -> String {
        var (text, offset) = ([UInt8](), 0)
        var points = CodePoints(bytes)
        while let point = points.next() {
            let part = bytes[offset..<offset + point.length]
            offset += point.length
            if part.first == backslash {
                text += [backslash, backslash]
            } else if !point.isValid || point.value < 0x20 || 0x7F...0x9F ~= point.value || 0x2028...0x2029 ~= point.value {
                for byte in part { text += [backslash, 0x78, digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
            } else {
                text += part
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), Array(text.utf8)[...])
        while let first = rest.popFirst() {
            if first == backslash, rest.first == backslash {
                bytes.append(rest.removeFirst())
            } else if first == backslash, rest.first == 0x78, rest.count >= 3,
                let byte = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(first)
            }
        }
        return bytes
    }
}
