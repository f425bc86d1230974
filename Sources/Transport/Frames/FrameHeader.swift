import Security
import Tensors

/// The 64 bytes before every payload; docs/wire-protocol.md has the byte table. All numbers are little-endian.
public struct FrameHeader: Sendable, Equatable {
    public static let byteCount = 64
    /// The largest payload of a data frame.
    public static let dataLimit = 4 << 20
    static let magic: UInt32 = 0x4E4C_4F43  // "COLN"
    /// Incremented when a frame's meaning changes; peers with another version are rejected.
    public static let version: UInt8 = 1

    public enum Kind: UInt8, Sendable, CaseIterable {
        case control = 1
        /// Activations or their gradient, worker to worker.
        case slab = 2
        /// A parameter's gradient, worker to store.
        case push = 3
        /// A parameter's value after a step, store to worker.
        case value = 4
        /// A parameter's value or momentum for a checkpoint, store to coordinator.
        case snapshot = 5
        /// A parameter's value or momentum from a checkpoint or the block's previous store: coordinator to store, or store
        /// to coordinator.
        case restore = 6
        /// A part of a file of the data set, coordinator to worker: `layer` is the file's index, `step` the offset.
        case data = 7
    }

    public enum Direction: UInt8, Sendable {
        case none = 0
        case forward = 1
        case backward = 2
        case weights = 3
        case biases = 4
        case weightsMomentum = 5
        case biasesMomentum = 6
    }

    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The tensor is in shared memory, and the frame only announces it.
        public static let shared = Flags(rawValue: 1)
    }

    public var kind: Kind
    public var direction = Direction.none
    public var flags: Flags = []
    public var run: UInt64 = 0
    public var attempt: UInt32 = 0
    /// Counts passes over the network within an attempt, both training and validation.
    public var pass: UInt32 = 0
    public var step: UInt64 = 0
    public var layer: UInt16 = 0
    /// The column that computed the tensor, or the column that a weight block reads.
    public var source: UInt16 = 0
    /// The column that the tensor is for, or the column that owns the parameter.
    public var destination: UInt16 = 0
    /// For a gradient: the index of this contribution to the step's gradient, by replica and slices.
    public var contribution: UInt16 = 0
    /// Counts the frames of a connection in this direction, from 0.
    public var sequence: UInt64 = 0
    public var payloadCount: UInt32 = 0
    /// XXH3 (64 bits) of the payload; 0 under TLS.
    public var payloadChecksum: UInt64 = 0

    public init(_ kind: Kind) { self.kind = kind }

    /// Writes the header's 64 bytes, including its checksum.
    package func encode(into bytes: UnsafeMutableRawBufferPointer) {
        func put<Integer: FixedWidthInteger>(_ value: Integer, at offset: Int) {
            bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Integer.self)
        }
        put(Self.magic, at: 0)
        put(Self.version, at: 4)
        put(kind.rawValue, at: 5)
        put(direction.rawValue, at: 6)
        put(flags.rawValue, at: 7)
        put(run, at: 8)
        put(attempt, at: 16)
        put(pass, at: 20)
        put(step, at: 24)
        put(layer, at: 32)
        put(source, at: 34)
        put(destination, at: 36)
        put(contribution, at: 38)
        put(sequence, at: 40)
        put(payloadCount, at: 48)
        put(UInt32(0), at: 52)
        put(payloadChecksum, at: 56)
        put(Self.checksum(UnsafeRawBufferPointer(bytes)), at: 52)
    }

    /// Decodes a received header.
    /// - Throws: `WireError` if magic, version, kind, direction or checksum are invalid.
    package init(decoding bytes: UnsafeRawBufferPointer) throws {
        func get<Integer: FixedWidthInteger>(_ offset: Int, _: Integer.Type = Integer.self) -> Integer {
            Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self))
        }
        guard bytes.count == Self.byteCount, get(0, UInt32.self) == Self.magic else {
            throw WireError(.malformed, "the peer does not speak Colonnade's protocol")
        }
        guard get(4, UInt8.self) == Self.version else {
            throw WireError(
                .malformed,
                "the peer speaks protocol version \(get(4, UInt8.self)), but this process speaks \(Self.version); "
                    + "run the same release of colonnade everywhere")
        }
        guard let kind = Kind(rawValue: get(5)), let direction = Direction(rawValue: get(6)) else {
            throw WireError(.malformed, "the peer sent a frame of unknown kind or direction")
        }
        var copy: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        let expected = withUnsafeMutableBytes(of: &copy) { copy in
            copy.copyMemory(from: bytes)
            copy.storeBytes(of: 0, toByteOffset: 52, as: UInt32.self)
            return Self.checksum(UnsafeRawBufferPointer(copy))
        }
        guard get(52, UInt32.self) == expected else { throw WireError(.malformed, "a frame header has a wrong checksum") }
        self.kind = kind
        self.direction = direction
        flags = Flags(rawValue: get(7))
        run = get(8)
        attempt = get(16)
        pass = get(20)
        step = get(24)
        layer = get(32)
        source = get(34)
        destination = get(36)
        contribution = get(38)
        sequence = get(40)
        payloadCount = get(48)
        payloadChecksum = get(56)
    }

    /// Returns the low 32 bits of XXH3 over the header's 64 bytes, in which the checksum field is 0.
    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: Digest.hash(bytes))
    }
}
