import Foundation
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import TestSupport
import Testing
import Transport

/// Frames over each kind of connection: unauthenticated, with a token, and with TLS.
@Suite struct ProtectedLinkTests {
    enum Kind: CaseIterable { case plain, token, tls }

    private func protections(_ kind: Kind, _ scratch: Scratch) throws -> (LinkSecurity.Protection, LinkSecurity.Protection) {
        switch kind {
        case .plain: return (.plain(.none), .plain(.none))
        case .token:
            let token = TokenSource.token(try RunToken.random())
            return (.plain(token), .plain(token))
        case .tls:
            let directory = try scratch.certificates()
            return (try .tls(directory, .coordinator), try .tls(directory, .worker))
        }
    }

    @Test(arguments: Kind.allCases) func tensorsArriveUnchangedInBothDirections(kind: Kind) throws {
        let scratch = try Scratch()
        let (listening, connecting) = try protections(kind, scratch)
        // More than one call of `receive` reads, and not a multiple of a TLS record.
        let size = (9 << 20) + 12345
        let server = try TestServer(listening, memory: TensorBuffer(byteCount: size), echoes: true)
        defer { server.stop() }
        let client = try TestClient(connecting, memory: TensorBuffer(byteCount: size))
        defer { client.stop() }
        let link = try client.join(server.address, as: .worker)
        let tensor = TensorBuffer(byteCount: size)
        for i in 0..<size { tensor.bytes[i] = UInt8(truncatingIfNeeded: i &* 31 &+ i >> 9) }
        link.send(FrameHeader(.slab), .tensor(tensor, byteCount: size))
        #expect(client.seen.wait(timeout: 60) { $0.frames == 1 ? true : nil } == true)
        #expect(client.memory?.bytes.elementsEqual(tensor.bytes) == true)
        #expect(server.seen.read { $0.admitted.count } == 1)
        #expect(link.identity?.role == (kind == .tls ? .coordinator : nil))
        #expect(server.seen.read { $0.admitted.first??.role } == (kind == .tls ? .worker : nil))
        // Payloads have no checksum under TLS.
        #expect(server.seen.read { $0.frames.first?.payloadChecksum == 0 } == (kind == .tls))
    }

    @Test(arguments: Kind.allCases) func manySmallFramesArriveInOrder(kind: Kind) throws {
        let scratch = try Scratch()
        let (listening, connecting) = try protections(kind, scratch)
        let server = try TestServer(listening)
        defer { server.stop() }
        let client = try TestClient(connecting)
        defer { client.stop() }
        let link = try client.join(server.address, as: .worker)
        for step in 0..<5000 {
            var header = FrameHeader(.push)
            header.step = UInt64(step)
            link.send(header, .bytes([UInt8](repeating: 7, count: step % 97)))
        }
        let steps = server.seen.wait(timeout: 60) { $0.frames.count == 5000 ? $0.frames.map(\.step) : nil }
        #expect(steps == (0..<5000).map(UInt64.init))
    }

    @Test func newConnectionsUseChangedFiles() throws {
        let scratch = try Scratch()
        let directory = try scratch.certificates()
        let server = try TestServer(.tls(directory, .coordinator))
        defer { server.stop() }
        func fingerprint() throws -> String? {
            let client = try TestClient(.tls(directory, .worker))
            defer { client.stop() }
            return try client.join(server.address, as: .worker).identity?.fingerprint
        }
        let first = try fingerprint()
        #expect(try fingerprint() == first)
        _ = try directory.renew(.coordinator, days: 30)
        let second = try fingerprint()
        #expect(second != first && second != nil)
        // An unusable file changes nothing.
        try Data("no certificate".utf8).write(to: URL(fileURLWithPath: directory.path + "/coordinator.pem"))
        #expect(try fingerprint() == second)
        // A changed revocation list takes effect without a restart.
        _ = try directory.renew(.coordinator, days: 30)
        #expect(try fingerprint() != second)
        _ = try directory.revoke(role: .worker, serial: nil)
        #expect(throws: WireError.self) { try fingerprint() }
        #expect(server.refusal(containing: "revoked") != nil)
    }
}
