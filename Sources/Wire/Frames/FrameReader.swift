import Tensors

/// Where a frame's payload goes.
public enum PayloadDestination {
    /// Collected into bytes, of at most this many.
    case bytes(limit: Int)
    /// Straight into memory of exactly this size.
    case memory(UnsafeMutableRawBufferPointer)
}

/// Turns a connection's bytes into frames, without a socket: it says where the next bytes go and what is complete.
package struct FrameReader {
    private var header: [UInt8] = []
    private var current: FrameHeader?
    private var collected: [UInt8] = []
    private var memory: UnsafeMutableRawBufferPointer?
    private var filled = 0
    private var nextSequence: UInt64 = 0
    /// Whether payloads carry a checksum; what TLS delivers needs none.
    package var verifiesPayload = true

    package init() {}

    /// How many bytes are wanted next; at least 1.
    package var wanted: Int {
        guard let current else { return FrameHeader.byteCount - header.count }
        return Int(current.payloadCount) - filled
    }

    /// The destination of the next bytes when it is a tensor's memory.
    package var directDestination: UnsafeMutableRawBufferPointer? {
        guard let memory else { return nil }
        return UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
    }

    /// Takes bytes that were read straight into `directDestination`.
    package mutating func advance(_ count: Int) { filled += count }

    /// Takes bytes that were read elsewhere, at most `wanted`.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if current == nil {
            header.append(contentsOf: bytes)
        } else {
            collected.append(contentsOf: bytes)
            filled += bytes.count
        }
    }

    /// Moves on when what was wanted is there.
    /// - Parameter destination: asked once for each frame, before any memory is allocated for it.
    /// - Returns: a complete frame, with its payload if that was collected.
    package mutating func next(
        _ destination: (FrameHeader) throws -> PayloadDestination
    ) throws -> (FrameHeader, [UInt8])? {
        if current == nil {
            guard header.count == FrameHeader.byteCount else { return nil }
            let decoded = try header.withUnsafeBytes { try FrameHeader(decoding: $0) }
            guard decoded.sequence == nextSequence else {
                throw WireError(
                    .malformed, "frame \(decoded.sequence) came where \(nextSequence) was due: one was lost or repeated")
            }
            nextSequence += 1
            let count = Int(decoded.payloadCount)
            switch try destination(decoded) {
            case .bytes(let limit):
                guard count <= limit else {
                    throw WireError(.malformed, "a \(decoded.kind) frame of \(count) bytes, more than \(limit)")
                }
                collected = []
                collected.reserveCapacity(count)
            case .memory(let memory):
                guard count == memory.count else {
                    throw WireError(.malformed, "a \(decoded.kind) frame of \(count) bytes for a tensor of \(memory.count)")
                }
                self.memory = memory
            }
            current = decoded
            filled = 0
        }
        guard let frame = current, filled == Int(frame.payloadCount) else { return nil }
        if verifiesPayload, frame.payloadCount > 0 {
            let checksum = memory.map { Digest.hash(UnsafeRawBufferPointer($0)) } ?? Digest.hash(collected)
            guard checksum == frame.payloadChecksum else {
                throw WireError(.malformed, "a \(frame.kind) frame that was damaged on its way")
            }
        }
        defer {
            current = nil
            memory = nil
            collected = []
            header.removeAll(keepingCapacity: true)
        }
        return (frame, collected)
    }
}
