import Foundation

/// The index of metrics.jsonl, stored as metrics.index.
///
/// It has one record of fixed size per line, with the line's offset and figures, so that a run of a million steps can be
/// summarized and plotted without reading its lines. The lines remain authoritative: an index that is missing, of another
/// format, or does not fit them is rebuilt, and lines that it does not cover yet are read.
public struct MetricsIndex: Sendable {
    public enum Kind: UInt32, Sendable { case step = 1, validation = 2, norms = 3, other = 4 }

    /// The index's record of a line.
    public struct Entry: Sendable, Equatable {
        public var kind: Kind
        public var step: Int
        public var epoch: Int
        /// The offset of the line in metrics.jsonl.
        public var offset: Int
        /// The number of bytes of the line, without the newline.
        public var length: Int
        /// For a step: loss, learning rate, images per second, seconds. For a validation: loss, top-1 error, top-5 error, 0.
        public var figures: SIMD4<Double>

        public init(kind: Kind, step: Int, epoch: Int, offset: Int, length: Int, figures: SIMD4<Double>) {
            (self.kind, self.step, self.epoch) = (kind, step, epoch)
            (self.offset, self.length, self.figures) = (offset, length, figures)
        }

        /// The offset of the next line.
        public var end: Int { offset + length + 1 }
    }

    static let header = Array("colonnade metrics index 1\n".utf8) + [UInt8](repeating: 0, count: 64 - 26)
    static let recordBytes = 64

    /// The content of the file, including its header.
    private let stored: Data
    /// Entries of lines that the file does not cover.
    private let tail: [Entry]
    private let storedCount: Int

    init(stored: Data, count: Int, tail: [Entry]) { (self.stored, storedCount, self.tail) = (stored, count, tail) }

    public var count: Int { storedCount + tail.count }

    public subscript(position: Int) -> Entry {
        guard position < storedCount else { return tail[position - storedCount] }
        return stored.withUnsafeBytes { Self.decode($0, at: Self.header.count + position * Self.recordBytes) }
    }

    /// Calls `body` with every entry in the order of the lines.
    public func forEach(_ body: (Entry) -> Void) {
        stored.withUnsafeBytes { bytes in
            for position in 0..<storedCount { body(Self.decode(bytes, at: Self.header.count + position * Self.recordBytes)) }
        }
        tail.forEach(body)
    }

    // MARK: Records

    static func encode(_ entry: Entry) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(recordBytes)
        func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        put(UInt64(entry.offset))
        put(UInt32(clamping: entry.length))
        put(entry.kind.rawValue)
        put(UInt64(entry.step))
        put(UInt64(entry.epoch))
        for i in 0..<4 { put(entry.figures[i].bitPattern) }
        return bytes
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Entry {
        func get<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
            Value(littleEndian: bytes.loadUnaligned(fromByteOffset: start + offset, as: Value.self))
        }
        func figure(_ index: Int) -> Double { Double(bitPattern: get(32 + 8 * index, UInt64.self)) }
        return Entry(
            kind: Kind(rawValue: get(12, UInt32.self)) ?? .other, step: Int(clamping: get(16, UInt64.self)),
            epoch: Int(clamping: get(24, UInt64.self)), offset: Int(clamping: get(0, UInt64.self)),
            length: Int(get(8, UInt32.self)), figures: SIMD4(figure(0), figure(1), figure(2), figure(3)))
    }
}
