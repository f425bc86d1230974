/// The phases of a supervised run, with the values that exist only in them.
extension SupervisorState {
    enum Phase: Sendable {
        case idle
        case running(RunningCoordinator)
        /// The coordinator has ended; its processes do.
        case clearing(Clearing)
        /// It asks how far the run is, after a loss for this reason.
        case asking(reason: String)
        /// It waits before the run is started again.
        case pausing(until: Double, reason: String, resumes: Bool)
        case finished
    }

    /// The values that exist only while a coordinator runs.
    struct RunningCoordinator: Sendable {
        var address: String?
        /// The number of workers that the run needs.
        var needed: Int?
        var committed = 0
        /// Whether steps have been granted since it was started.
        var hasBegun = false
        var isPaused = false
        /// Whether it is about to end, and is busy with that.
        var isConcluding = false
        /// When it was heard last; nil before it says regularly that it is there.
        var heard: Double?
        /// Why the run ended, as it said.
        var reason: String?
        /// Why it is taken for hung, and was killed.
        var hung: String?
        /// The failure because of which it is ended.
        var failure: Failure?
    }

    struct Failure: Sendable {
        let code: Int32
        let sentence: String
        /// When the coordinator is asked to end, unless it does by itself, and when it is killed.
        var asksAt, killsAt: Double
    }

    struct Clearing: Sendable {
        /// What was lost, if the run can continue.
        var loss: String?
        var outcome = SupervisorOutcome.asCoordinator
        /// Messages that the coordinator sent just before its end may still arrive.
        let notBefore: Double
        var killsAt: Double
        /// When processes are given up that do not even end when they are killed.
        var endsAt: Double { killsAt + 5 }
        var hasKilled = false
    }
}
