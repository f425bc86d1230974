import Platform
import Protocol
import Security
import SwiftProtobuf
import TestSupport
import Testing
import Transport

@Suite struct TokenTests {
    @Test func anotherTokenIsRefusedOnBothSides() throws {
        let server = try TestServer(.plain(.token(RunToken.random())))
        defer { server.stop() }
        let client = try TestClient(.plain(.token(RunToken.random())))
        defer { client.stop() }
        let error = #expect(throws: WireError.self) { try client.join(server.address, as: .worker) }
        #expect(error?.code == .refused && error?.description.contains("has another run token") == true)
        #expect(server.refusal(containing: "wrong run token") != nil)
        #expect(server.seen.read { $0.admitted.isEmpty && $0.links.isEmpty })
    }

    @Test func aTokenOnOnlyOneSideIsRefused() throws {
        let token = TokenSource.token(try RunToken.random())
        for (listening, connecting, words) in [
            (token, TokenSource.none, "--token-file"), (TokenSource.none, token, "without a run token"),
        ] {
            let server = try TestServer(.plain(listening))
            defer { server.stop() }
            let client = try TestClient(.plain(connecting))
            defer { client.stop() }
            let error = #expect(throws: WireError.self) { try client.join(server.address, as: .worker) }
            #expect(error?.code == .refused && error?.description.contains(words) == true, "\(error?.description ?? "")")
            #expect(server.refusal(containing: "token") != nil)
        }
    }

    /// Bytes recorded from an authenticated connection do not authenticate another one.
    @Test func aRecordedHandshakeIsRefused() throws {
        let token = try RunToken.random()
        let server = try TestServer(.plain(.token(token)))
        defer { server.stop() }
        let nonce = try Preamble.nonce()
        let request = Preamble.head(.token) + nonce
        func attempt(proof: (([UInt8]) -> [UInt8])?, recorded: [UInt8] = []) throws -> (RawClient, proof: [UInt8]) {
            let client = try RawClient(server.address)
            client.send(request)
            let answer = client.read(Preamble.answerCount)
            #expect(answer.count == Preamble.answerCount && answer[5] == Preamble.Word.token.rawValue)
            let peerNonce = Array(answer[Preamble.headCount..<Preamble.headCount + Preamble.nonceCount])
            let sent = proof?(peerNonce) ?? recorded
            client.send(sent)
            return (client, sent)
        }
        let (original, recorded) = try attempt(proof: { Preamble.connectorProof(token, connector: nonce, listener: $0) })
        #expect(server.seen.wait(timeout: 20) { $0.links.count == 1 ? true : nil } == true)
        let (replayed, _) = try attempt(proof: nil, recorded: recorded)
        #expect(replayed.isEnded)
        #expect(server.refusal(containing: "wrong run token") != nil)
        #expect(server.seen.read { $0.links.count } == 1)
        // Neither does the listener's own proof, reflected.
        let (reflected, _) = try attempt(proof: { Preamble.listenerProof(token, connector: nonce, listener: $0) })
        #expect(reflected.isEnded)
        _ = original
    }

    @Test func foreignBytesAreRefused() throws {
        let server = try TestServer(.plain(.token(RunToken.random())))
        defer { server.stop() }
        let client = try RawClient(server.address)
        client.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(client.isEnded)
        #expect(server.refusal(containing: "does not speak Colonnade's protocol") != nil)
        let other = try RawClient(server.address)
        other.send(Preamble.magic + [9, 1, 0, 0] + [UInt8](repeating: 1, count: 32))
        #expect(other.read(Preamble.answerCount)[5] == Preamble.Word.unknown.rawValue)
        #expect(other.isEnded)
    }
}
