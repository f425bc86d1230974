import Platform
import Protocol
import Security
import TestSupport
import Testing
import Transport

/// Another user of this machine who listens at a coordinator's address.
@Suite(.enabled(if: OtherUsersListener.isPossible, "only root can be another user")) struct OtherUserTests {
    private static let sources: [TokenSource] = [.none, .published()]
    /// As of a coordinator without a token, of one that wants one, of no coordinator at all, and of one that never says anything.
    private static let answers = [Preamble.answer(.noToken), Preamble.answer(.tokenWanted), Array("HTTP/1.1 400\r\n\r\n".utf8), []]

    @Test(arguments: [0, 1], answers) func nothingIsSentToAnotherUsersProcess(source: Int, answer: [UInt8]) throws {
        let foreign = try #require(OtherUsersListener(answer: answer))
        defer { foreign.stop() }
        let client = try TestClient(.plain(Self.sources[source]))
        defer { client.stop() }
        let address = SocketAddress(host: "127.0.0.1", port: foreign.port)
        let error = #expect(throws: WireError.self) { try client.join(address, as: .worker) }
        #expect(error?.code == .foreign && error?.description.contains("user \(OtherUsersListener.user)") == true, "\(error as Any)")
        try Deadline.wait(for: "the connection's end") { !foreign.received.isEmpty }
        #expect(foreign.received == [[]])
    }

    /// Who gives both sides the token may run them as different users.
    @Test func aGivenTokenIsProofEnough() throws {
        let foreign = try #require(OtherUsersListener(answer: Preamble.answer(.noToken)))
        defer { foreign.stop() }
        let client = try TestClient(.plain(.token(RunToken.random())))
        defer { client.stop() }
        let error = #expect(throws: WireError.self) {
            try client.join(SocketAddress(host: "127.0.0.1", port: foreign.port), as: .worker)
        }
        #expect(error?.code == .refused)
    }

    /// The port changes hands between two attempts, in both directions.
    @Test func theCoordinatorIsWaitedForAndTheOtherUserReportedOnce() throws {
        let foreign = try #require(OtherUsersListener(answer: Preamble.answer(.noToken)))
        let address = SocketAddress(host: "127.0.0.1", port: foreign.port)
        let said = Monitor<[String]>([])
        let loop = try EventLoop(name: "client", security: LinkSecurity(.plain(.none)) { line in said.update { $0.append(line) } })
        defer { loop.stop() }
        let connected = Monitor<Result<Void, any Error>?>(nil)
        _ = ServiceThread(name: "connector") {
            let result = Result {
                let link = try Connector.connectWithRetries(to: address, loop: loop, patience: Deadline.usual)
                link.cancel("the test has seen it")
            }
            connected.update { $0 = result }
        }
        try Deadline.wait(for: "two attempts") { foreign.received.count >= 2 }
        foreign.stop()
        let server = try TestServer(.plain(.none), port: address.port)
        let result = connected.wait(timeout: Deadline.usual) { $0 }
        server.stop()
        #expect(throws: Never.self) { try result?.get() }
        #expect(result != nil && said.read { $0.count } == 1)
        let again = try #require(OtherUsersListener(answer: Preamble.answer(.noToken)))
        defer { again.stop() }
        let error = #expect(throws: WireError.self) {
            try Connector.connect(to: SocketAddress(host: "127.0.0.1", port: again.port), loop: loop, expecting: .coordinator)
        }
        #expect(error?.code == .foreign)
    }
}
