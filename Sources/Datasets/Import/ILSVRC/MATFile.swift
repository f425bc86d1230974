import CZlib

/// Reads the struct array `synsets` of a devkit's `meta.mat`, a MATLAB 5.0 MAT-file.
///
/// Every length is checked before anything is read, and unneeded elements are skipped. See MathWorks, "MAT-File Format",
/// level 5.
package enum MATFile {
    package enum Value {
        case text(String)
        case numbers([Double])
        /// One dictionary for each element of a struct array.
        case structs([[String: Value]])
        case other
    }

    /// The largest total size of a file's inflated elements; those of a devkit take less than a megabyte.
    private static let inflatedLimit = 16 << 20
    private static let elementLimit = 1 << 20
    private static let fieldLimit = 256

    /// The types of data elements.
    private enum Kind {
        static let int8: UInt32 = 1
        static let uint8: UInt32 = 2
        static let int16: UInt32 = 3
        static let uint16: UInt32 = 4
        static let int32: UInt32 = 5
        static let uint32: UInt32 = 6
        static let double: UInt32 = 9
        static let int64: UInt32 = 12
        static let uint64: UInt32 = 13
        static let matrix: UInt32 = 14
        static let compressed: UInt32 = 15
    }

    /// Returns the variables of a file by name.
    /// - Throws: `DatasetError` if the file is damaged or of another format.
    package static func variables(_ bytes: [UInt8], path: String) throws -> [String: Value] {
        guard bytes.count >= 128, bytes[126] == UInt8(ascii: "I"), bytes[127] == UInt8(ascii: "M") else {
            throw DatasetError("\(path): is not a little-endian MATLAB 5.0 file; take it from the devkit again")
        }
        do {
            var variables: [String: Value] = [:]
            var cursor = Cursor(bytes[128...])
            var budget = inflatedLimit
            while !cursor.isAtEnd {
                var (kind, data) = try cursor.element()
                if kind == Kind.compressed {
                    var inner = Cursor(try inflate(data, &budget)[...])
                    (kind, data) = try inner.element()
                }
                guard kind == Kind.matrix else { continue }
                let (name, value) = try matrix(data, depth: 0)
                variables[name] = value
            }
            return variables
        } catch is Damage {
            throw DatasetError("\(path): is damaged; take it from the devkit again")
        }
    }

    private struct Damage: Error {}

    /// Inflates an element, with a larger buffer at each attempt.
    /// - Parameter budget: the bytes that may still be inflated. Failed attempts count too.
    private static func inflate(_ data: ArraySlice<UInt8>, _ budget: inout Int) throws -> [UInt8] {
        let input = Array(data)
        var size = min(max(1 << 16, 8 * input.count), budget)
        while size > 0 {
            var length = UInt(size)
            var status: Int32 = 0
            let output = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                status = uncompress(buffer.baseAddress, &length, input, UInt(input.count))
                count = status == Z_OK ? Int(length) : 0
            }
            budget -= status == Z_OK ? output.count : size
            if status == Z_OK { return output }
            guard status == Z_BUF_ERROR else { throw Damage() }
            size = min(4 * size, budget)
        }
        throw Damage()
    }

    /// Parses a matrix element: flags, dimensions, name, content.
    private static func matrix(_ data: ArraySlice<UInt8>, depth: Int) throws -> (name: String, value: Value) {
        guard !data.isEmpty else { return ("", .other) }
        guard depth < 8 else { throw Damage() }
        var cursor = Cursor(data)
        let flags = try cursor.element().data
        guard let type = flags.first else { throw Damage() }
        let extents = try integers(cursor.element())
        let count = try extents.reduce(1) { product, extent in
            let (result, overflow) = product.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow, result <= elementLimit else { throw Damage() }
            return result
        }
        let name = String(decoding: try cursor.element().data, as: UTF8.self)
        switch type {
        case 2: return (name, try structs(&cursor, count: count, depth: depth))
        case 4:
            let (kind, text) = try cursor.element()
            let isWide = kind == Kind.uint16 || kind == Kind.int16
            guard isWide else { return (name, .text(String(decoding: text, as: UTF8.self))) }
            return (name, .text(String(decoding: try integers((kind, text)).map { UInt16(truncatingIfNeeded: $0) }, as: UTF16.self)))
        case 6...15: return (name, .numbers(try numbers(cursor.element())))
        default: return (name, .other)
        }
    }

    private static func structs(_ cursor: inout Cursor, count: Int, depth: Int) throws -> Value {
        guard let length = try integers(cursor.element()).first, (1...256).contains(length) else { throw Damage() }
        let text = Array(try cursor.element().data)
        guard text.count / length <= fieldLimit else { throw Damage() }
        let names = stride(from: 0, to: text.count / length * length, by: length).map { start in
            String(decoding: text[start..<start + length].prefix { $0 != 0 }, as: UTF8.self)
        }
        var result: [[String: Value]] = []
        for _ in 0..<count {
            var fields: [String: Value] = [:]
            for name in names {
                let (kind, data) = try cursor.element()
                guard kind == Kind.matrix else { throw Damage() }
                fields[name] = try matrix(data, depth: depth + 1).value
            }
            result.append(fields)
        }
        return .structs(result)
    }

    private static func integers(_ element: (kind: UInt32, data: ArraySlice<UInt8>)) throws -> [Int] {
        guard element.data.count <= elementLimit else { throw Damage() }
        func all<Word: FixedWidthInteger>(_ type: Word.Type) -> [Int] {
            let bytes = Array(element.data)
            return bytes.withUnsafeBytes { raw in
                (0..<raw.count / MemoryLayout<Word>.size).map {
                    Int(truncatingIfNeeded: Word(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Word>.size, as: type)))
                }
            }
        }
        switch element.kind {
        case Kind.int8: return all(Int8.self)
        case Kind.uint8: return all(UInt8.self)
        case Kind.int16: return all(Int16.self)
        case Kind.uint16: return all(UInt16.self)
        case Kind.int32: return all(Int32.self)
        case Kind.uint32: return all(UInt32.self)
        case Kind.int64: return all(Int64.self)
        case Kind.uint64: return all(UInt64.self)
        default: throw Damage()
        }
    }

    private static func numbers(_ element: (kind: UInt32, data: ArraySlice<UInt8>)) throws -> [Double] {
        guard element.data.count <= 8 * elementLimit else { throw Damage() }
        guard element.kind == Kind.double else { return (try? integers(element).map(Double.init)) ?? [] }
        let bytes = Array(element.data)
        return bytes.withUnsafeBytes { raw in
            (0..<raw.count / 8).map {
                Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
            }
        }
    }

    /// Iterates over data elements.
    private struct Cursor {
        private var rest: ArraySlice<UInt8>
        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        var isAtEnd: Bool { rest.count < 8 }

        mutating func element() throws -> (kind: UInt32, data: ArraySlice<UInt8>) {
            guard rest.count >= 8 else { throw Damage() }
            let start = rest.startIndex
            func word(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(rest[start + offset + $1]) << (8 * UInt32($1)) } }
            let first = word(0)
            if first >> 16 != 0 {
                let size = Int(first >> 16)
                guard size <= 4 else { throw Damage() }
                let data = rest[(start + 4)..<(start + 4 + size)]
                rest = rest[(start + 8)...]
                return (first & 0xFFFF, data)
            }
            let size = Int(word(4))
            guard size <= rest.count - 8 else { throw Damage() }
            let data = rest[(start + 8)..<(start + 8 + size)]
            // Elements are padded to eight bytes, except compressed ones.
            let padded = first == Kind.compressed ? size : (size + 7) / 8 * 8
            rest = rest[min(start + 8 + padded, rest.endIndex)...]
            return (first, data)
        }
    }
}
