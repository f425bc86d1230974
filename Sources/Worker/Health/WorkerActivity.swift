import Platform

/// What a worker's compute thread is at and how long each of its instructions usually takes: written by that thread,
/// read for heartbeats.
final class WorkerActivity: Sendable {
    enum Phase: Sendable, Equatable {
        case preparing, paused, awaitingGrant, awaitingPictures
        /// The instruction at the state's index.
        case running
    }

    struct State: Sendable {
        var attempt: UInt32 = 0
        var phase = Phase.preparing
        var step = 0
        var pass = 0
        /// The step whose values the pass reads.
        var weights = 0
        /// The index of the instruction in its program, forward before backward; the number of instructions when the pass is done.
        var instruction = 0
        /// On the monotonic clock.
        var since = MonotonicClock.now
        /// Seconds that what is under way rarely exceeds; 0 before there is a history.
        fileprivate(set) var usual = 0.0

        fileprivate var key: Int {
            switch phase {
            case .running: instruction
            case .awaitingGrant: -1
            case .awaitingPictures: -2
            case .preparing, .paused: -3
            }
        }
    }

    private struct History {
        var state = State()
        /// By instruction, and of the waits for grants and images. It stays under the lock: a copy that a reader holds would have
        /// the next instruction copy it again.
        var usual: [Int: DurationEstimate] = [:]

        mutating func leave(at now: Double) {
            if state.key > -3 { usual[state.key, default: DurationEstimate()].add(now - state.since) }
            state.since = now
        }
    }

    private let history = Monitor(History())

    var current: State {
        history.read { history in
            var state = history.state
            state.usual = history.usual[state.key]?.most ?? 0
            return state
        }
    }

    /// Begins something that is not an instruction. What was under way counts as done.
    func enter(_ phase: Phase, step: Int) {
        let now = MonotonicClock.now
        history.update { history in
            history.leave(at: now)
            (history.state.phase, history.state.step) = (phase, step)
        }
    }

    /// Begins an instruction; the one before is done.
    func run(instruction: Int, step: Int, pass: Int, weights: Int, at now: Double) {
        history.update { history in
            history.leave(at: now)
            let attempt = history.state.attempt
            history.state = State(
                attempt: attempt, phase: .running, step: step, pass: pass, weights: weights, instruction: instruction, since: now)
        }
    }

    /// Another attempt: what was under way when the one before ended says nothing of how long it usually takes.
    /// - Parameter phase: paused or preparing.
    func begin(attempt: UInt32, _ phase: Phase) {
        history.update { history in
            let (step, weights) = (history.state.step, history.state.weights)
            history.state = State(attempt: attempt, phase: phase, step: step, weights: weights)
        }
    }
}
