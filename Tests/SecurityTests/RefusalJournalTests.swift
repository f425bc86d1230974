import Security
import Testing

@Suite struct RefusalJournalTests {
    private final class Lines: @unchecked Sendable { var all: [String] = [] }

    @Test func aFloodOfRefusalsDoesNotFillTheLog() {
        let lines = Lines()
        let journal = RefusalJournal { lines.all.append($0) }
        // From ever new hosts, so that no two are the same.
        for i in 0..<10_000 {
            journal.refused(SocketAddress(host: "10.0.\(i / 250).\(i % 250)", port: 1), "x", now: 100 + Double(i) / 1000)
        }
        #expect((20...31).contains(lines.all.count))
        #expect(lines.all.last?.contains("others before it") == true)
    }

    /// A process that tries again has another port each time.
    @Test func theSameRefusalIsWrittenOnceAMinuteWithItsCount() {
        let lines = Lines()
        let journal = RefusalJournal { lines.all.append($0) }
        func refuse(_ host: String, _ reason: String, port: UInt16, at now: Double) {
            journal.refused(SocketAddress(host: host, port: port), reason, now: now)
        }
        for second in 0..<11 { refuse("10.0.0.1", "its token is wrong", port: 40_000 + UInt16(second), at: 100 + Double(second)) }
        #expect(lines.all == ["a connection from 10.0.0.1:40000 was refused: its token is wrong"])
        // Another host and another reason are other refusals.
        refuse("10.0.0.2", "its token is wrong", port: 1, at: 111)
        refuse("10.0.0.1", "its version is old", port: 1, at: 112)
        #expect(lines.all.count == 3)
        refuse("10.0.0.1", "its token is wrong", port: 50_000, at: 161)
        #expect(
            lines.all.last
                == "a connection from 10.0.0.1:50000 was refused: its token is wrong (and 10 more like it since the last message)")
    }
}
