import Tensors

/// The 64 bytes before every payload; docs/wire-protocol.md has the byte table. All numbers are little-endian.
public struct FrameHeader: Sendable, Equatable {
    public static let byteCount = 64
    /// The largest payload of a data frame.
    public static let dataLimit = 4 << 20
    static let magic: UInt32 = 0x4E4C_4F43  // "COLN"
    /// Raised when a frame's meaning changes; peers of another version are refused.
    public static let version: UInt8 = 1

    public enum Kind: UInt8, Sendable {
        case control = 1
        /// An activation or the gradient of one, worker to worker.
        case slab = 2
        /// A parameter's gradient, worker to store.
        case push = 3
        /// A parameter's new value, store to worker.
        case value = 4
        /// A parameter's value or momentum for a checkpoint, store to coordinator.
        case snapshot = 5
        /// The same from a checkpoint, coordinator to store.
        case restore = 6
        /// A part of a data set's file, coordinator to worker: `layer` is the file, `step` the offset.
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
        /// The tensor is in shared memory; the frame only announces it.
        public static let shared = Flags(rawValue: 1)
    }

    public var kind: Kind
    public var direction = Direction.none
    public var flags: Flags = []
    public var run: UInt64 = 0
    public var attempt: UInt32 = 0
    /// Counts the passes over the network within an attempt, training and validation alike.
    public var pass: UInt32 = 0
    public var step: UInt64 = 0
    public var layer: UInt16 = 0
    /// The column that computed the tensor, or that a weight block reads.
    public var source: UInt16 = 0
    /// The column that the tensor is for, or that owns the parameter.
    public var destination: UInt16 = 0
    /// Of a gradient: which of those that are summed to the step's.
    public var contribution: UInt16 = 0
    /// Counts the frames of a connection in this direction.
    public var sequence: UInt64 = 0
    public var payloadCount: UInt32 = 0
    /// XXH3 of the payload.
    public var payloadChecksum: UInt64 = 0

    public init(_ kind: Kind) { self.kind = kind }

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

    /// Reads a header that a peer sent.
    package init(decoding bytes: UnsafeRawBufferPointer) throws {
        func get<Integer: FixedWidthInteger>(_ offset: Int, _: Integer.Type = Integer.self) -> Integer {
            Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self))
        }
        guard bytes.count == Self.byteCount, get(0, UInt32.self) == Self.magic else {
            throw WireError(.malformed, "the peer does not speak Colonnade's protocol")
        }
        guard get(4, UInt8.self) == Self.version else {
            throw WireError(
                .malformed, "the peer speaks protocol version \(get(4, UInt8.self)), this is \(Self.version); "
                    + "run the same release of colonnade everywhere")
        }
        guard let kind = Kind(rawValue: get(5)), let direction = Direction(rawValue: get(6)) else {
            throw WireError(.malformed, "a frame of unknown kind")
        }
        var copy: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        let expected = withUnsafeMutableBytes(of: &copy) { copy in
            copy.copyMemory(from: bytes)
            copy.storeBytes(of: 0, toByteOffset: 52, as: UInt32.self)
            return Self.checksum(UnsafeRawBufferPointer(copy))
        }
        guard get(52, UInt32.self) == expected else { throw WireError(.malformed, "a frame header with a wrong checksum") }
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

    /// Of the 64 bytes with zero in place of the checksum itself.
    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: Digest.hash(bytes))
    }
}
