import Glibc
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import Testing
import Transport

/// Limits on connections that have not been admitted.
@Suite struct PendingConnectionTests {
    private func limits(_ change: (inout ConnectionLimits) -> Void) -> ConnectionLimits {
        var limits = ConnectionLimits()
        change(&limits)
        return limits
    }

    private func frame(_ kind: FrameHeader.Kind, _ payload: [UInt8], claiming count: UInt32? = nil) -> [UInt8] {
        var header = FrameHeader(kind)
        header.payloadCount = count ?? UInt32(payload.count)
        header.payloadChecksum = Digest.hash(payload)
        var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        bytes.withUnsafeMutableBytes { header.encode(into: $0) }
        return bytes + payload
    }

    @Test func aNewConnectionClosesTheOldestPendingOne() throws {
        let server = try TestServer(.plain(.none), limits: limits { $0.strangers = 4 })
        defer { server.stop() }
        let client = try TestClient(.plain(.none))
        defer { client.stop() }
        // Admitted connections do not count.
        let admitted = try client.join(server.address, as: .worker)
        #expect(server.seen.wait(timeout: 20) { $0.admitted.count == 1 ? true : nil } == true)
        let pending = try (0..<40).map { _ in try RawClient(server.address) }
        for early in pending.prefix(36) { #expect(early.isEnded) }
        #expect(server.refusal(containing: "too many pending connections") != nil)
        admitted.send(FrameHeader(.push), .bytes([1]))
        #expect(server.seen.wait(timeout: 20) { $0.frames.count == 1 ? true : nil } == true)
    }

    @Test func aConnectionThatIsNotAdmittedInTimeIsClosed() throws {
        let server = try TestServer(.plain(.none), limits: limits { $0.greeting = 0.2 })
        defer { server.stop() }
        let silent = try RawClient(server.address)
        // Completes the preamble, but not the first frame.
        let slow = try RawClient(server.address)
        slow.send(Preamble.head(.noToken) + [UInt8](repeating: 3, count: 32))
        #expect(slow.read(Preamble.answerCount).count == Preamble.answerCount)
        slow.send([1])
        #expect(silent.isEnded && slow.isEnded)
        #expect(server.refusal(containing: "was not admitted within") != nil)
    }

    @Test(arguments: ["slab", "length", "refusal", "garbage", "twice"]) func aPendingConnectionMaySendOnlyAHello(kind: String) throws {
        let server = try TestServer(.plain(.none), memory: TensorBuffer(byteCount: 64))
        defer { server.stop() }
        let client = try RawClient(server.address)
        client.send(Preamble.head(.noToken) + [UInt8](repeating: 3, count: 32))
        _ = client.read(Preamble.answerCount)
        let hello: [UInt8] = try WireControlMessage.with { $0.hello.role = .worker }.serializedBytes()
        switch kind {
        case "slab": client.send(frame(.slab, [UInt8](repeating: 1, count: 64)))
        case "length": client.send(frame(.control, hello, claiming: 4097))
        case "refusal": client.send(frame(.control, try WireControlMessage.with { $0.refusal.reason = "x" }.serializedBytes()))
        case "garbage": client.send([UInt8](repeating: 0xA5, count: 64))
        default: client.send(frame(.control, hello) + frame(.control, hello))
        }
        #expect(client.isEnded)
        #expect(server.seen.read { $0.frames.isEmpty })
        if kind != "twice" { #expect(server.seen.read { $0.admitted.isEmpty }) }
    }

    @Test func allConnectionsTogetherAreLimited() throws {
        let server = try TestServer(.plain(.none), limits: limits { $0.connections = 2 })
        defer { server.stop() }
        let client = try TestClient(.plain(.none))
        defer { client.stop() }
        let links = try (0..<2).map { _ in try client.join(server.address, as: .worker) }
        #expect(server.seen.wait(timeout: 20) { $0.admitted.count == 2 ? true : nil } == true)
        #expect(throws: WireError.self) { try client.join(server.address, as: .worker) }
        #expect(server.refusal(containing: "connections already") != nil)
        // A closed connection frees its slot.
        links[0].cancel()
        #expect(server.seen.wait(timeout: 20) { $0.closed == 1 ? true : nil } == true)
        _ = try client.join(server.address, as: .worker)
    }
}
