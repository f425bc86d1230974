import Threading

/// What a worker's compute thread is at and how long each of its instructions usually takes: written by that thread,
/// read for heartbeats.
final class WorkerActivity: Sendable {
    enum Phase: Sendable, Equatable {
        case preparing, holding, awaitingGrant, awaitingPictures
        /// The instruction at the state's place.
        case running
    }

    struct State: Sendable {
        var attempt: UInt32 = 0
        var phase = Phase.preparing
        var step = 0
        var pass = 0
        /// The step whose values the pass reads.
        var weights = 0
        /// Of the instruction in its program, forward before backward; their number when the pass is done.
        var place = 0
        /// On the monotonic clock.
        var since = MonotonicClock.now
        /// By place, and of the waits for grants and pictures.
        var usual: [Int: UsualTime] = [:]

        var usualNow: Double { usual[key]?.most ?? 0 }

        fileprivate var key: Int {
            switch phase {
            case .running: place
            case .awaitingGrant: -1
            case .awaitingPictures: -2
            case .preparing, .holding: -3
            }
        }

        fileprivate mutating func leave(at now: Double) {
            if key > -3 { usual[key, default: UsualTime()].add(now - since) }
            since = now
        }
    }

    private let state = Monitor(State())

    var current: State { state.read { $0 } }

    /// Begins something that is not an instruction. What was under way counts as done.
    func enter(_ phase: Phase, step: Int) {
        let now = MonotonicClock.now
        state.update { state in
            state.leave(at: now)
            (state.phase, state.step) = (phase, step)
        }
    }

    /// Begins an instruction; the one before is done.
    func run(place: Int, step: Int, pass: Int, weights: Int, at now: Double) {
        state.update { state in
            state.leave(at: now)
            (state.phase, state.place, state.step, state.pass, state.weights) = (.running, place, step, pass, weights)
        }
    }

    /// Another attempt: what was under way when the one before ended says nothing of how long it usually takes.
    /// - Parameter phase: holding, or preparing.
    func begin(attempt: UInt32, _ phase: Phase) {
        state.update { state in
            (state.phase, state.attempt, state.pass, state.place, state.since) = (phase, attempt, 0, 0, MonotonicClock.now)
        }
    }
}
