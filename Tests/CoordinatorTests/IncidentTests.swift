import Coordinator
import Protocol
import Security
import Testing

/// Processes that fail together are one incident, which is reported once and names all of them.
@Suite struct IncidentTests {
    /// A run of four workers that trains, and whose events a test chooses from here on.
    private struct Run {
        var state: RunState
        private(set) var pauses: [[String]] = []
        /// The journal, as kinds of events.
        private(set) var kinds: [String] = []
        private(set) var wakes: [Double] = []

        init() throws {
            let model = try RunModel(seed: 1, workers: 4, replicas: 2, stores: 1, last: 6)
            var rounds = 0
            while !model.hasBegun, rounds < 10_000 {
                if try !model.advance() { model.passTime(1) }
                rounds += 1
            }
            try #require(model.hasBegun)
            state = model.state
        }

        mutating func handle(_ input: RunInput, at now: Double) {
            for effect in state.handle(input, at: now) {
                switch effect {
                case .journal(.paused(_, let reasons)):
                    pauses.append(reasons)
                    kinds.append("paused")
                case .journal(.failure): kinds.append("failure")
                case .journal(.joined): kinds.append("joined")
                case .wake(let delay): wakes.append(delay)
                default: break
                }
            }
        }

        var workers: [MemberID] { state.roster.workers.map(\.id) }

        mutating func fail(_ worker: MemberID, at now: Double) { handle(.disconnected(worker, reason: "killed"), at: now) }
    }

    private let start = 10_000.0

    @Test func workersThatFailTogetherAreReportedOnce() throws {
        var run = try Run()
        let workers = run.workers
        #expect(workers.count == 4)
        for (index, worker) in workers.prefix(3).enumerated() { run.fail(worker, at: start + 0.01 * Double(index)) }
        #expect(run.pauses.isEmpty)
        #expect(run.wakes == [Incident.delay])
        run.handle(.tick, at: start + Incident.delay)
        #expect(run.kinds == ["failure", "failure", "failure", "paused"])
        try #require(run.pauses.count == 1)
        #expect(run.pauses[0].map { String($0.prefix(8)) } == ["worker 0", "worker 1", "worker 2"])
    }

    @Test func aLaterFailureOfAnIncidentIsNotReportedAgain() throws {
        var run = try Run()
        let workers = run.workers
        run.fail(workers[0], at: start)
        run.handle(.tick, at: start + Incident.delay)
        run.fail(workers[1], at: start + 2)
        run.handle(.tick, at: start + 2 + Incident.delay)
        #expect(run.kinds == ["failure", "paused", "failure"])
    }

    @Test func anIncidentIsReportedBeforeAReplacementJoins() throws {
        var run = try Run()
        let failed = try #require(run.state.roster.workers.first)
        run.fail(failed.id, at: start)
        run.handle(.joined(MemberID(1000), failed.hello, PeerAddress(host: "host", text: "host")), at: start + 0.1)
        run.handle(.tick, at: start + Incident.delay)
        #expect(run.kinds == ["failure", "paused", "joined"])
    }

    @Test func aRunThatWillEndReportsNoPause() throws {
        var run = try Run()
        run.fail(run.workers[0], at: start)
        run.handle(.stop, at: start + 0.1)
        run.handle(.tick, at: start + Incident.delay)
        #expect(run.kinds == ["failure"])
    }

    @Test func theNextIncidentIsReportedToo() {
        var history = FailureHistory()
        history.add(committed: 5)
        #expect(history.inARow == 1)
        let first = [history.note("a", committed: 5, at: 1), history.note("b", committed: 5, at: 1)]
        #expect(first == [Incident.delay, nil])
        let reports = [history.report(), history.report()]
        #expect(reports.map { $0?.reasons } == [["a", "b"], nil])
        history.add(committed: 5)
        #expect(history.inARow == 2)
        let second = history.note("c", committed: 5, at: 2)
        #expect(second == Incident.delay)
        let report = history.report()
        #expect(report?.reasons == ["c"])
        #expect(report?.committed == 5)
        history.endIncident()
        #expect(history.incident == nil)
    }
}
