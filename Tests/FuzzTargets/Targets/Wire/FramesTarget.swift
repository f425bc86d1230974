import Protocol
import Security
import Tensors
import Transport

extension FuzzTarget {
    /// A connection's bytes in pieces of any size, with the destinations that the three roles name.
    static let frames = FuzzTarget("frames") { input in
        var input = InputReader(input)
        let mode = input.number(UInt8.self)
        let size = Int(input.number(UInt8.self)) + 1
        var stream = FrameStream(repairs: mode & 1 != 0)
        var role = FrameRole(number: mode >> 1, memory: size)
        var reader = FrameReader()
        while true {
            if let (header, payload) = try reader.next({ try role.destination(for: $0) }) {
                role.received(header, payload)
                continue
            }
            let wanted = reader.wanted
            holds(wanted > 0, "a reader that wants nothing")
            let part = stream.next(from: &input, atMost: wanted)
            guard !part.isEmpty else { return }
            if let destination = reader.directDestination {
                holds(destination.count >= part.count, "a part beyond its tensor")
                destination.copyBytes(from: part)
                reader.advance(part.count)
            } else {
                part.withUnsafeBytes { reader.append($0) }
            }
        }
    }
}

/// The bytes of a connection. Repaired ones have the checksums and numbers that a peer who knows the protocol gives, so
/// that what lies behind these checks is reached.
private struct FrameStream {
    let repairs: Bool
    private var ready: [UInt8] = []
    private var sequence: UInt64 = 0

    init(repairs: Bool) { self.repairs = repairs }

    mutating func next(from input: inout InputReader, atMost wanted: Int) -> [UInt8] {
        guard repairs else { return Array(input.take(min(wanted, Int(input.number(UInt8.self)) + 1))) }
        if ready.isEmpty { ready = repaired(&input) }
        let part = Array(ready.prefix(min(wanted, 1 + Int(input.number(UInt8.self)))))
        ready.removeFirst(part.count)
        return part
    }

    /// A frame: kind, direction, flags, then what the header has from its run on, then the payload.
    private mutating func repaired(_ input: inout InputReader) -> [UInt8] {
        guard !input.isEmpty, let kind = FrameHeader.Kind(rawValue: input.number(UInt8.self) % 8) else { return [] }
        var header = FrameHeader(kind)
        header.direction = FrameHeader.Direction(rawValue: input.number(UInt8.self) % 7) ?? .none
        header.flags = FrameHeader.Flags(rawValue: input.number())
        (header.run, header.attempt, header.pass) = (input.number(), input.number(), input.number())
        (header.step, header.layer) = (input.number(), input.number())
        (header.source, header.destination) = (input.number(), input.number())
        let payload = Array(input.part())
        // Now and then a length that is not the payload's.
        let claim = input.number(UInt8.self)
        header.payloadCount = claim == 0 ? UInt32(payload.count) : claim == 1 ? input.number() : UInt32(claim)
        header.payloadChecksum = Digest.hash(payload)
        header.sequence = sequence
        sequence += 1
        var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        bytes.withUnsafeMutableBytes { header.encode(into: $0) }
        return bytes + payload
    }
}

/// What coordinator, store and worker say to a frame.
private struct FrameRole {
    private let number: UInt8
    private let tensor: TensorBuffer
    private let size: Int
    private var isMember = false

    init(number: UInt8, memory: Int) {
        (self.number, size) = (number % 3, memory)
        tensor = TensorBuffer(byteCount: memory)
    }

    func destination(for header: FrameHeader) throws -> PayloadDestination {
        let memory = UnsafeMutableRawBufferPointer(rebasing: tensor.bytes[..<size])
        switch (number, header.kind) {
        case (_, .control): return .bytes(limit: isMember ? WireControlMessage.sizeLimit : 4096)
        case (0, .snapshot), (1, .restore): return .memory(memory)
        case (1, .push), (2, .value): return header.flags.contains(.shared) ? .bytes(limit: 0) : .memory(memory)
        case (2, .slab): return .memory(memory)
        case (2, .data): return .bytes(limit: FrameHeader.dataLimit)
        default: throw WireError(.malformed, "no such frame for this role")
        }
    }

    mutating func received(_ header: FrameHeader, _ payload: [UInt8]) {
        holds(payload.isEmpty || payload.count == Int(header.payloadCount), "a payload of another length")
        if header.kind == .control { isMember = true }
    }
}
