import Supervision
import Testing

/// A run that needs two workers, on hosts a and b, and has a spare on host c, as its supervisor sees it.
struct SupervisedRun {
    static let first = ChildName(.worker, 0)
    static let spare = ChildName(.worker, 2)
    static let store = ChildName(.store, 0)

    private(set) var state: SupervisorState
    var now = 100.0

    init(stores: [String] = [], restarts: Int = 5) {
        state = SupervisorState(.init(workers: ["a", "b", "c"], stores: stores, restarts: restarts, silence: 10))
        handle(.begin)
        handle(.progress(RunProgress()))
        handle(.told(.needs(workers: 2)))
        handle(.told(.listening("a:1")))
    }

    /// A run whose workers have joined and train since ten seconds.
    static func training(stores: [String] = [], restarts: Int = 5) -> SupervisedRun {
        var run = SupervisedRun(stores: stores, restarts: restarts)
        run.handle(.told(.training))
        #expect(run.pass(10) == [])
        return run
    }

    @discardableResult mutating func handle(_ event: SupervisorEvent) -> [SupervisorEffect] { state.handle(event, at: now) }

    /// Lets time pass.
    /// - Parameter isHeard: whether the coordinator says meanwhile that it is in order.
    mutating func pass(_ seconds: Double, isHeard: Bool = true, hostSilence: Double = 0) -> [SupervisorEffect] {
        var effects: [SupervisorEffect] = []
        for _ in 0..<Int(seconds * 10) {
            now += 0.1
            if isHeard { effects += handle(.told(.alive)) }
            effects += handle(.tick(hostSilence: hostSilence))
        }
        return effects
    }

    mutating func end(_ child: ChildName, _ code: Int32, words: String? = nil, outOfReach: String? = nil) -> [SupervisorEffect] {
        handle(.ended(child, ProcessEnd(name: "\(child.role) \(child.rank)", code: code, words: words, outOfReach: outOfReach)))
    }

    mutating func endCoordinator(_ code: Int32, outOfReach: String? = nil) -> [SupervisorEffect] {
        handle(.coordinatorEnded(ProcessEnd(name: "coordinator", code: code, outOfReach: outOfReach)))
    }

    /// Ends all workers as a run's end does, and lets the supervisor notice.
    mutating func clear() -> [SupervisorEffect] {
        var effects: [SupervisorEffect] = []
        for rank in 0..<3 { effects += end(ChildName(.worker, rank), 0) }
        return effects + pass(0.2, isHeard: false)
    }
}

extension [SupervisorEffect] {
    /// The signals that the coordinator gets.
    var toCoordinator: [Int32] { compactMap { if case .signalCoordinator(let signal) = $0 { signal } else { nil } } }
    var started: [ChildName] { compactMap { if case .start(let child, _) = $0 { child } else { nil } } }
    var outcome: SupervisorOutcome? { compactMap { if case .finish(let outcome) = $0 { outcome } else { nil } }.first }
    var said: String {
        compactMap {
            switch $0 {
            case .say(let text), .complain(let text): text;
            default: nil
            }
        }.joined(separator: "\n")
    }
}
