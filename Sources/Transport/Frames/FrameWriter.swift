import Tensors

/// Numbers and encodes the frames that a connection sends, one after another, as pure logic without a socket.
package struct FrameWriter {
    /// A frame to send.
    package struct Frame {
        fileprivate var header: FrameHeader
        fileprivate let payload: Payload

        package init(_ header: FrameHeader, _ payload: Payload) { (self.header, self.payload) = (header, payload) }
    }

    private var frames: [Frame] = []
    /// The first frame's header; empty until the frame is encoded.
    private var header: [UInt8] = []
    /// The number of the first frame's bytes that have been sent.
    private var sent = 0
    private var nextSequence: UInt64 = 0
    /// The first frame once more, to be sent after it. Set by an injected fault.
    private var repeated: (header: [UInt8], payload: [UInt8])?
    /// Whether to compute payload checksums. TLS authenticates payloads already.
    package var computesChecksums = true

    package init() {}

    package var isEmpty: Bool { frames.isEmpty }

    package mutating func append(_ added: [Frame]) { frames += added }

    /// Numbers and encodes the first frame, unless it is encoded already.
    /// - Returns: the header, if this call encoded it.
    @discardableResult
    package mutating func encodeFirst() -> FrameHeader? {
        guard header.isEmpty, let first = frames.first else { return nil }
        let computesChecksums = computesChecksums
        let (count, checksum) = first.payload.withBytes { bytes in
            (UInt32(bytes.count), bytes.isEmpty || !computesChecksums ? 0 : Digest.hash(bytes))
        }
        frames[0].header.sequence = nextSequence
        frames[0].header.payloadCount = count
        frames[0].header.payloadChecksum = checksum
        nextSequence += 1
        header = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        header.withUnsafeMutableBytes { frames[0].header.encode(into: $0) }
        return frames[0].header
    }

    /// Passes the unsent bytes of the first frame's header and payload, which must be encoded.
    package func withUnsentBytes<Result>(
        _ body: (_ header: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try frames[0].payload.withBytes { payload in
            try header.withUnsafeBytes { header in
                try body(
                    UnsafeRawBufferPointer(rebasing: header[min(sent, header.count)...]),
                    UnsafeRawBufferPointer(rebasing: payload[max(0, sent - header.count)...]))
            }
        }
    }

    /// Records that bytes of the first frame were sent. After its last byte, the next frame is the first.
    package mutating func advance(_ count: Int) {
        sent += count
        guard sent == FrameHeader.byteCount + Int(frames[0].header.payloadCount) else { return }
        let complete = frames.removeFirst()
        header = []
        sent = 0
        if let again = repeated {
            // The sequence number stays the same.
            repeated = nil
            frames.insert(Frame(complete.header, .bytes(again.payload)), at: 0)
            header = again.header
        }
    }

    /// Drops all frames.
    package mutating func removeAll() {
        frames = []
        header = []
        sent = 0
        repeated = nil
    }

    // MARK: Injected faults, which change the first frame after it was encoded

    /// Drops the first frame and encodes the next.
    /// - Parameter leavesGap: whether the frame's sequence number is never sent; otherwise the next frame has it.
    package mutating func dropFirst(leavesGap: Bool) {
        if !leavesGap { nextSequence -= 1 }
        frames.removeFirst()
        header = []
        encodeFirst()
    }

    /// Reduces the first frame to half of its header.
    package mutating func truncateFirst() {
        frames[0] = Frame(frames[0].header, .none)
        header.removeLast(header.count / 2)
    }

    /// Changes one bit of the first frame's payload, or of a header without payload.
    package mutating func flipBitOfFirst() {
        if frames[0].header.payloadCount == 0 {
            header[33] ^= 4
        } else {
            var bytes = frames[0].payload.withBytes { Array($0) }
            bytes[bytes.count / 2] ^= 4
            frames[0] = Frame(frames[0].header, .bytes(bytes))
        }
    }

    /// Has the first frame sent twice.
    package mutating func repeatFirst() { repeated = (header, frames[0].payload.withBytes { Array($0) }) }
}
