import Glibc
import Supervision
import TestSupport
import Testing

/// A supervisor in any order of events.
@Suite struct SupervisorOrderTests {
    /// Processes and hosts that do what a random number says, and what they are told.
    private struct World {
        var state = SupervisorState(.init(workers: ["a", "b", "c", "c"], stores: ["b"], restarts: 3, silence: 10))
        var random: SeededGenerator
        var now = 0.0
        var hasCoordinator = false
        /// Whether this coordinator has said that it trains, and has not paused since.
        var trains = false
        /// Whether this coordinator was asked to end.
        var isEnding = false
        var hasInterrupted = false
        /// Ends that signals cause, and other events that are on their way; they arrive in any order.
        var coming: [SupervisorEvent] = []
        var running: Set<ChildName> = []
        var killed: Set<ChildName> = []
        var outcome: SupervisorOutcome?
        /// Sentences about what must not happen.
        var problems: [String] = []

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            handle(.begin)
        }

        mutating func handle(_ event: SupervisorEvent) { for effect in state.handle(event, at: now) { carryOut(effect) } }

        private mutating func expect(_ holds: Bool, _ problem: String) { if !holds { problems.append(problem) } }

        private mutating func carryOut(_ effect: SupervisorEffect) {
            expect(outcome == nil, "\(effect) after the end")
            switch effect {
            case .askProgress: coming.append(.progress(RunProgress(checkpoint: Int.random(in: 0..<3, using: &random), canResume: true)))
            case .startCoordinator:
                expect(!hasCoordinator, "two coordinators")
                let left = running.filter { !killed.contains($0) }
                expect(left.isEmpty, "a coordinator starts beside processes of the last: \(left)")
                running = []
                (hasCoordinator, trains, isEnding) = (true, false, false)
                coming += [.told(.needs(workers: 2)), .told(.listening("a:1"))]
            case .start(let name, _):
                expect(hasCoordinator && running.insert(name).inserted, "\(name) starts twice")
                killed.remove(name)
            case .signalCoordinator(let signal):
                guard hasCoordinator else { return }
                expect(hasInterrupted || isEnding || !trains, "a coordinator that trains gets signal \(signal)")
                isEnding = true
                coming.append(.coordinatorEnded(ProcessEnd(name: "coordinator", code: signal == SIGTERM ? 0 : 128 + signal)))
            case .signal(let name, let signal):
                if signal == SIGKILL { killed.insert(name) }
                if running.contains(name) { coming.append(.ended(name, ProcessEnd(name: "child", code: 128 + signal))) }
            case .willStartAgain, .say, .complain: break
            case .finish(let outcome):
                // The system may take its time to end a process that was killed.
                let left = running.filter { !killed.contains($0) }
                expect(!hasCoordinator && left.isEmpty, "processes are left: \(left)")
                self.outcome = outcome
            }
        }

        /// Lets the coordinator say that it is in order, and time pass.
        mutating func pass(_ seconds: Double) {
            now += seconds
            if hasCoordinator { handle(.told(.alive)) }
            handle(.tick(hostSilence: 0))
        }

        mutating func deliver() {
            guard !coming.isEmpty else { return }
            let event = coming.remove(at: Int.random(in: coming.indices, using: &random))
            switch event {
            case .coordinatorEnded: if !hasCoordinator { return } else { hasCoordinator = false }
            case .ended(let name, _): if running.remove(name) == nil { return }
            case .told: if !hasCoordinator { return }
            default: break
            }
            handle(event)
        }

        /// Does something that may happen at any time.
        mutating func happen() {
            let child = running.randomElement(using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<7: pass(Double.random(in: 0...0.9, using: &random))
            case 7..<11: deliver()
            case 11..<14:
                guard let child, let code = SupervisorStateTests.codes.randomElement(using: &random) else { return }
                coming.append(.ended(child, ProcessEnd(name: "\(child.role) \(child.rank)", code: code)))
            case 14: if let child { handle(.evicted(child)) }
            case 15:
                guard hasCoordinator else { return }
                trains = Bool.random(using: &random)
                handle(.told(trains ? .training : .paused))
            case 16:
                guard hasCoordinator else { return }
                trains = true
                handle(.told(.committed(step: Int(now))))
            case 17:
                let host = ["b", "c"].randomElement(using: &random) ?? "b"
                coming += [.host(.lost(host: host, reason: "it broke")), .host(.back(host: host))]
                if let child { coming.append(.ended(child, ProcessEnd(name: "child", code: 255, outOfReach: "it broke"))) }
            case 18:
                guard hasCoordinator, Int.random(in: 0..<8, using: &random) == 0 else { return }
                let code = SupervisorStateTests.codes.randomElement(using: &random) ?? 0
                coming.append(.coordinatorEnded(ProcessEnd(name: "coordinator", code: code)))
            default:
                guard Int.random(in: 0..<60, using: &random) == 0 else { return }
                hasInterrupted = true
                handle(.interrupt)
            }
        }
    }

    @Test func aCoordinatorThatTrainsIsNeverEndedAndNothingIsLeft() {
        for seed in 1...200 {
            var world = World(seed: UInt64(seed))
            for _ in 0..<400 where world.outcome == nil { world.happen() }
            // From here on the user wants the end, and everything happens that is on its way.
            world.hasInterrupted = true
            for _ in 0..<2 { world.handle(.interrupt) }
            for _ in 0..<400 where world.outcome == nil {
                world.deliver()
                world.pass(0.2)
            }
            #expect(world.problems == [], "seed \(seed)")
            #expect(world.outcome != nil, "seed \(seed): the supervisor does not end")
        }
    }
}
