import Security
import Testing

@Suite struct RefusalJournalTests {
    @Test func aFloodOfRefusalsDoesNotFillTheLog() {
        final class Lines: @unchecked Sendable { var all: [String] = [] }
        let lines = Lines()
        let journal = RefusalJournal { lines.all.append($0) }
        for i in 0..<10_000 { journal.refused(SocketAddress(host: "127.0.0.1", port: 1), "x", now: 100 + Double(i) / 1000) }
        #expect((20...31).contains(lines.all.count))
        #expect(lines.all.last?.contains("others before it") == true)
    }
}
