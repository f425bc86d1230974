import Foundation
import Glibc
import Platform
import SwiftProtobuf
import TestSupport
import Testing
import Wire

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

    @Test func aTokenFileThatOthersCanReadIsRefused() throws {
        let scratch = try Scratch()
        let token = try RunToken.random()
        try token.write(to: scratch("token"), replaces: false)
        var status = stat()
        #expect(stat(scratch("token"), &status) == 0 && status.st_mode & 0o7777 == 0o600)
        _ = try RunToken(file: scratch("token"))
        #expect("\(token)" == "a run token")
        // Symbolic links are not followed, and existing files are not overwritten.
        #expect(symlink(scratch("token"), scratch("link")) == 0)
        #expect(throws: WireError.self) { try RunToken(file: scratch("link")) }
        #expect(throws: WireError.self) { try token.write(to: scratch("link"), replaces: false) }
        for mode: mode_t in [0o644, 0o640, 0o604, 0o660] {
            chmod(scratch("token"), mode)
            let error = #expect(throws: WireError.self) { try RunToken(file: scratch("token")) }
            #expect(error?.description.contains("chmod 600") == true)
        }
        chmod(scratch("token"), 0o600)
        if geteuid() == 0 {
            chown(scratch("token"), 12345, 0)
            let error = #expect(throws: WireError.self) { try RunToken(file: scratch("token")) }
            #expect(error?.description.contains("belongs to user 12345") == true)
        }
        try PrivateFile.write(Array("abc".utf8), to: scratch("short"), replaces: false)
        #expect(throws: WireError.self) { try RunToken(file: scratch("short")) }
    }

    @Test func aTokenIsReadFromADescriptor() throws {
        let scratch = try Scratch()
        let token = try RunToken.random()
        try token.write(to: scratch("token"), replaces: false)
        let descriptor = open(scratch("token"), O_RDONLY)
        let read = try RunToken(descriptor: descriptor)
        #expect(read.proof("a", [], []) == token.proof("a", [], []))
        // The descriptor is closed, but another test may have opened another file with its number.
        var (file, open) = (stat(), stat())
        #expect(stat(scratch("token"), &file) == 0)
        #expect(fstat(descriptor, &open) == -1 || open.st_ino != file.st_ino)
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
