import RunLog
import Testing

@Suite struct MergedLogTests {
    private func line(_ seconds: Double, _ rank: Int, _ message: String, _ level: LogLine.Level = .info, off: Double? = 0.001) -> LogLine {
        LogLine(
            time: Timestamp.text(1_800_000_000 + seconds, digits: 6), uncertainty: off, role: "worker", rank: rank, host: "h", level: level,
            message: message)
    }

    private func event(_ seconds: Double, _ kind: String, _ message: String) -> RunEvent {
        RunEvent(kind: kind, message: message, time: Timestamp.text(1_800_000_000 + seconds))
    }

    @Test func theSameLineOfSeveralWorkersIsOneLine() {
        let log = MergedLog(
            log: [line(1.2, 10, "ready", off: 0.002), line(1.0, 1, "ready"), line(1.1, 2, "ready"), line(1.3, 1, "other")], events: [])
        #expect(log.lines.map(\.message) == ["ready", "other"])
        #expect(log.lines[0].ranks == ["worker 1", "worker 2", "worker 10"] && log.lines[0].uncertainty == 0.002)
    }

    @Test func repeatedAndMuchLaterLinesAreNotMerged() {
        let log = MergedLog(log: [line(1, 1, "again"), line(1.1, 1, "again"), line(9, 2, "again")], events: [])
        #expect(log.lines.count == 3)
        #expect(log.lines.allSatisfy { $0.ranks.count == 1 })
    }

    @Test func linesAndEventsAreInOneOrderWithTheFirstFailureNamed() {
        let log = MergedLog(
            log: [line(3, 0, "after"), line(1, 0, "before"), line(2.5, 1, "consequence", .error)],
            events: [event(2, "verdict", "worker 1 is hung"), event(0, "started", "training"), event(4, "lost", "worker 1 is gone")])
        #expect(log.lines.map(\.message) == ["training", "before", "worker 1 is hung", "consequence", "after", "worker 1 is gone"])
        #expect(log.firstFailure?.message == "worker 1 is hung")
    }

    @Test func aFollowerShowsEachLineOnceThoughItArrivesLate() {
        var follower = LogFollower()
        func new(_ lines: [LogLine]) -> [String] { follower.newLines(of: MergedLog(log: lines, events: [])).map(\.message) }
        let (one, two, three) = (line(1, 0, "one"), line(2, 0, "two"), line(3, 0, "three"))
        #expect(new([one, three]) == ["one", "three"])
        #expect(new([one, three]) == [])
        #expect(new([one, three, two]) == ["two"])
        // The same message of another process is merged into a line that was shown, and the same message later is a line of its own.
        #expect(new([one, three, two, line(3.5, 1, "three")]) == [])
        #expect(new([one, three, two, line(3.5, 1, "three"), line(9, 0, "three")]) == ["three"])
    }

    /// The digest tells whether what a reader has still is the beginning of the log.
    @Test func theDigestOfTheFirstLinesChangesWithThem() {
        let (one, two, three) = (line(1, 0, "one"), line(2, 0, "two"), line(3, 0, "three"))
        let before = MergedLog(log: [one, three], events: [])
        let more = MergedLog(log: [one, three, line(9, 0, "four")], events: [])
        #expect(more.digest(first: 2) == before.digest(first: 2) && more.digest(first: 3) != before.digest(first: 2))
        #expect(MergedLog(log: [one, two, three], events: []).digest(first: 2) != before.digest(first: 2))
        #expect(MergedLog(log: [one, three, line(3.1, 1, "three")], events: []).digest(first: 2) != before.digest(first: 2))
        #expect(before.digest(first: 0) == MergedLog(log: [], events: []).digest(first: 0))
        #expect(before.digest(first: 9) == before.digest(first: 2))
    }

    @Test func anUnknownClockMakesTheUncertaintyUnknown() {
        let log = MergedLog(log: [line(1, 0, "x", off: nil), line(1, 1, "x")], events: [])
        #expect(log.lines.count == 1 && log.lines[0].uncertainty == nil)
    }

    @Test(arguments: [0.0, 1_795_568_370.456, 4_000_000_000.000_001]) func timestampsAreParsedAsWritten(seconds: Double) {
        #expect(abs((Timestamp.seconds(Timestamp.text(seconds, digits: 6)) ?? -1) - seconds) < 2e-6)
    }

    @Test(arguments: ["", "2026", "2026-01-01T00:00:00", "xxxx-01-01T00:00:00Z", "2026-01-01T00:00:00.xZ"])
    func invalidTimestampsAreRejected(text: String) {
        #expect(Timestamp.seconds(text) == nil)
    }
}
