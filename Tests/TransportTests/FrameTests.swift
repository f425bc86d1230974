import Security
import Tensors
import Testing
import Transport

@Suite struct FrameTests {
    private func encoded(_ header: FrameHeader, _ payload: [UInt8]) -> [UInt8] {
        var header = header
        header.payloadCount = UInt32(payload.count)
        header.payloadChecksum = Digest.hash(payload)
        var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        bytes.withUnsafeMutableBytes { header.encode(into: $0) }
        return bytes + payload
    }

    private var header: FrameHeader {
        var header = FrameHeader(.slab)
        header.direction = .backward
        header.flags = .shared
        header.run = 0x0102_0304_0506_0708
        header.attempt = 3
        header.pass = 17
        header.step = 99
        header.layer = 5
        header.source = 1
        header.destination = 2
        return header
    }

    /// Decodes bytes delivered in pieces, as by a socket.
    private func read(_ bytes: [UInt8], piece: Int, into memory: UnsafeMutableRawBufferPointer? = nil) throws
        -> [(FrameHeader, [UInt8])]
    {
        var reader = FrameReader()
        var frames: [(FrameHeader, [UInt8])] = []
        var rest = bytes[...]
        while true {
            if let frame = try reader.next({ _ in memory.map { .memory($0) } ?? .bytes(limit: 1000) }) {
                frames.append(frame)
                continue
            }
            guard !rest.isEmpty else { return frames }
            let count = min(piece, reader.wanted, rest.count)
            let part = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            if let destination = reader.directDestination {
                destination.copyBytes(from: part)
                reader.advance(count)
            } else {
                part.withUnsafeBytes { reader.append($0) }
            }
        }
    }

    @Test(arguments: [1, 7, 64, 4096]) func framesAreDecodedFromPiecesOfAnySize(piece: Int) throws {
        var second = header
        second.sequence = 1
        second.kind = .control
        let bytes = encoded(header, [1, 2, 3]) + encoded(second, [])
        let frames = try read(bytes, piece: piece)
        #expect(frames.count == 2)
        #expect(frames[0].1 == [1, 2, 3])
        #expect(frames[0].0.run == header.run && frames[0].0.step == 99 && frames[0].0.pass == 17)
        #expect(frames[0].0.layer == 5 && frames[0].0.source == 1 && frames[0].0.destination == 2)
        #expect(frames[0].0.direction == .backward && frames[0].0.attempt == 3 && frames[0].0.flags == .shared)
    }

    @Test func tensorsAreReadIntoTheirMemory() throws {
        let payload = (0..<200).map { UInt8($0) }
        var memory = [UInt8](repeating: 0, count: 200)
        try memory.withUnsafeMutableBytes { memory in
            let frames = try read(encoded(header, payload), piece: 33, into: memory)
            #expect(frames.count == 1)
        }
        #expect(memory == payload)
    }

    @Test func everyFlippedBitIsDetected() throws {
        let bytes = encoded(header, [1, 2, 3, 4, 5])
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: WireError.self, "bit \(bit)") { try read(damaged, piece: 4096) }
        }
    }

    @Test func lostAndRepeatedFramesAreDetected() throws {
        var second = header
        second.sequence = 2
        #expect(throws: WireError.self) { try read(encoded(header, []) + encoded(second, []), piece: 64) }
        #expect(throws: WireError.self) { try read(encoded(header, []) + encoded(header, []), piece: 64) }
    }

    @Test func lengthsAreCheckedBeforePayloadsAreRead() throws {
        #expect(throws: WireError.self) { try read(encoded(header, [UInt8](repeating: 0, count: 1001)), piece: 64) }
        var memory = [UInt8](repeating: 0, count: 10)
        memory.withUnsafeMutableBytes { memory in
            let bytes = encoded(header, [1, 2, 3])
            #expect(throws: WireError.self) { try read(bytes, piece: 64, into: memory) }
        }
    }

    @Test func randomBytesNeverCrash() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 64...200, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: WireError.self) { try read(bytes, piece: 64) }
        }
    }
}
