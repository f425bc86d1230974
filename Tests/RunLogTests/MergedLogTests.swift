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
