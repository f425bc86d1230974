import Security
import Tensors

/// The destination of a received frame's payload.
public enum PayloadDestination {
    /// A new array of at most this many bytes.
    case bytes(limit: Int)
    /// Existing memory of exactly the payload's size, read into without a copy.
    case memory(UnsafeMutableRawBufferPointer)
}

/// Decodes a connection's bytes into frames, as pure logic without a socket.
package struct FrameReader {
    private var header: [UInt8] = []
    private var current: FrameHeader?
    private var collected: [UInt8] = []
    private var memory: UnsafeMutableRawBufferPointer?
    private var filled = 0
    private var nextSequence: UInt64 = 0
    /// Whether to verify payload checksums. TLS authenticates payloads already.
    package var verifiesPayload = true

    package init() {}

    /// The number of bytes to read next; at least 1 after `next` has returned nil.
    package var wanted: Int {
        guard let current else { return FrameHeader.byteCount - header.count }
        return Int(current.payloadCount) - filled
    }

    /// The destination of the next bytes if the payload is read into existing memory.
    package var directDestination: UnsafeMutableRawBufferPointer? {
        guard let memory else { return nil }
        return UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
    }

    /// Records that bytes were read into `directDestination`.
    package mutating func advance(_ count: Int) { filled += count }

    /// Appends at most `wanted` bytes that were read elsewhere.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if current == nil {
            header.append(contentsOf: bytes)
        } else {
            collected.append(contentsOf: bytes)
            filled += bytes.count
        }
    }

    /// Returns the current frame if it is complete. The payload is empty if it was read into existing memory.
    /// - Parameter destination: called once for each frame, before memory is allocated for its payload.
    /// - Throws: `WireError` if the header, sequence number, length or checksum is invalid; errors of `destination`.
    package mutating func next(
        _ destination: (FrameHeader) throws -> PayloadDestination
    ) throws -> (FrameHeader, [UInt8])? {
        if current == nil {
            guard header.count == FrameHeader.byteCount else { return nil }
            let decoded = try header.withUnsafeBytes { try FrameHeader(decoding: $0) }
            guard decoded.sequence == nextSequence else {
                throw WireError(
                    .malformed, "frame \(decoded.sequence) was received instead of \(nextSequence): a frame was lost or repeated")
            }
            nextSequence += 1
            let count = Int(decoded.payloadCount)
            switch try destination(decoded) {
            case .bytes(let limit):
                guard count <= limit else {
                    throw WireError(.malformed, "a \(decoded.kind) frame has \(count) bytes, more than the limit of \(limit)")
                }
                collected = []
                collected.reserveCapacity(count)
            case .memory(let memory):
                guard count == memory.count else {
                    throw WireError(.malformed, "a \(decoded.kind) frame has \(count) bytes, but its tensor has \(memory.count)")
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
                throw WireError(.malformed, "the payload of a \(frame.kind) frame has a wrong checksum")
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
