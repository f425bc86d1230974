import Security
import Tensors
import Testing
import Transport

@Suite struct FrameWriterTests {
    private func writer(_ payloads: [UInt8]...) -> FrameWriter {
        var writer = FrameWriter()
        writer.append(
            payloads.enumerated().map { index, payload in
                var header = FrameHeader(.control)
                header.step = UInt64(index)
                return FrameWriter.Frame(header, payload.isEmpty ? .none : .bytes(payload))
            })
        return writer
    }

    /// Takes all bytes, as a socket that accepts at most `piece` bytes at a time.
    /// - Parameter fault: called for each newly encoded frame.
    private func bytes(
        _ writer: inout FrameWriter, piece: Int = 4096, fault: (FrameHeader, inout FrameWriter) -> Void = { _, _ in }
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        while !writer.isEmpty {
            if let header = writer.encodeFirst() {
                fault(header, &writer)
                if writer.isEmpty { break }
            }
            let part = writer.withUnsentBytes { Array((Array($0) + Array($1)).prefix(piece)) }
            bytes += part
            writer.advance(part.count)
        }
        return bytes
    }

    /// Decodes what a connection received.
    private func read(_ bytes: [UInt8]) throws -> [(step: UInt64, sequence: UInt64, payload: [UInt8])] {
        var reader = FrameReader()
        var frames: [(UInt64, UInt64, [UInt8])] = []
        var rest = bytes[...]
        while true {
            if let (header, payload) = try reader.next({ _ in .bytes(limit: 1000) }) {
                frames.append((header.step, header.sequence, payload))
                continue
            }
            guard !rest.isEmpty else { return frames }
            let part = Array(rest.prefix(reader.wanted))
            rest = rest.dropFirst(part.count)
            part.withUnsafeBytes { reader.append($0) }
        }
    }

    @Test(arguments: [1, 7, 63, 64, 65, 4096]) func framesAreWrittenInPiecesOfAnySize(piece: Int) throws {
        var writer = writer([1, 2, 3], [], [4])
        let bytes = bytes(&writer, piece: piece)
        #expect(bytes.count == 3 * FrameHeader.byteCount + 4)
        let frames = try read(bytes)
        #expect(frames.map(\.payload) == [[1, 2, 3], [], [4]])
        #expect(frames.map(\.step) == [0, 1, 2])
        #expect(frames.map(\.sequence) == [0, 1, 2])
        #expect(writer.isEmpty)
    }

    @Test func aFrameIsEncodedOnce() {
        var writer = writer([1], [2])
        var encoded: [UInt64] = []
        _ = bytes(&writer, piece: 10) { header, _ in encoded.append(header.step) }
        #expect(encoded == [0, 1])
    }

    @Test func numbersContinueInLaterFrames() throws {
        var writer = writer([1])
        var all = bytes(&writer)
        writer.append([FrameWriter.Frame(FrameHeader(.control), .bytes([2]))])
        all += bytes(&writer)
        #expect(try read(all).map(\.sequence) == [0, 1])
    }

    @Test func tensorsAreWrittenFromTheirMemory() throws {
        let tensor = TensorBuffer(byteCount: 64)
        for index in 0..<64 { tensor.bytes[index] = UInt8(index) }
        var writer = FrameWriter()
        writer.append([FrameWriter.Frame(FrameHeader(.slab), .tensor(tensor, byteCount: 5))])
        let bytes = bytes(&writer)
        #expect(try read(bytes).map(\.payload) == [[0, 1, 2, 3, 4]])
    }

    @Test(arguments: [true, false]) func checksumsAreComputedUnlessTLSReplacesThem(computes: Bool) {
        let payload: [UInt8] = [1, 2, 3]
        var writer = writer(payload)
        writer.computesChecksums = computes
        let header = writer.encodeFirst()
        #expect(header?.payloadChecksum == (computes ? Digest.hash(payload) : 0))
    }

    @Test func removedFramesAreNotWritten() {
        var writer = writer([1], [2])
        writer.encodeFirst()
        writer.removeAll()
        #expect(writer.isEmpty)
        let header = writer.encodeFirst()
        #expect(header == nil)
    }

    // MARK: Injected faults

    private func faulty(_ writer: FrameWriter, at step: UInt64 = 1, _ change: (inout FrameWriter) -> Void) -> [UInt8] {
        var writer = writer
        return bytes(&writer) { header, writer in if header.step == step { change(&writer) } }
    }

    @Test func aDroppedFrameLeavesAGap() throws {
        let gap = faulty(writer([1], [2], [3])) { $0.dropFirst(leavesGap: true) }
        #expect(throws: WireError.self) { try read(gap) }
        let none = faulty(writer([1], [2], [3])) { $0.dropFirst(leavesGap: false) }
        #expect(try read(none).map(\.payload) == [[1], [3]])
        let last = faulty(writer([1], [2])) { $0.dropFirst(leavesGap: true) }
        #expect(try read(last).map(\.payload) == [[1]])
    }

    @Test func aFlippedBitIsDetected() {
        for payload: [UInt8] in [[2], []] {
            let bytes = faulty(writer([1], payload)) { $0.flipBitOfFirst() }
            #expect(throws: WireError.self) { try read(bytes) }
        }
    }

    @Test func aRepeatedFrameHasTheSameNumber() {
        let bytes = faulty(writer([1], [2], [3])) { $0.repeatFirst() }
        #expect(bytes.count == 4 * (FrameHeader.byteCount + 1))
        #expect(bytes[65..<130] == bytes[130..<195])
        #expect(throws: WireError.self) { try read(bytes) }
    }

    @Test func aTruncatedFrameIsHalfAHeader() {
        var writer = writer([1, 2, 3])
        writer.encodeFirst()
        writer.truncateFirst()
        let counts = writer.withUnsentBytes { [$0.count, $1.count] }
        #expect(counts == [FrameHeader.byteCount / 2, 0])
    }
}
