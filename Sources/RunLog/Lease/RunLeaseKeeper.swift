import Platform

/// The lease of a run, held by this process until it is released. A thread renews it.
public final class RunLeaseKeeper: @unchecked Sendable {
    /// The fencing number.
    public let fencing: Int
    /// The relation to the coordinator before.
    public let succession: RunLease.Succession
    public let directory: RunDirectory
    private let lock: RunLock
    private let state: Monitor<State>
    private let thread: ServiceThread

    struct State: Sendable {
        enum Answer { case renewed, failed(RunLogError) }

        var lease: RunLease
        /// Confirmations that were asked for, and how far the thread has come with them.
        var asked = 0
        var answered = 0
        /// Why the last renewal failed.
        var failure: RunLogError?
        /// The coordinator that has taken over.
        var successor: String?
        var listener: (@Sendable (String) -> Void)?
        var isStopping = false
    }

    /// Takes the lease of a run. If another coordinator holds it, this waits until it is known whether that one lives.
    /// - Parameters:
    ///   - floor: the fencing number in the run's record.
    ///   - notice: is called with a sentence before it waits.
    /// - Throws: `RunLogError` if another coordinator holds the lease and lives, and `FileError`.
    public init(
        _ directory: RunDirectory, floor: Int = 0, times: RunLease.Times = .init(), notice: (String) -> Void = { _ in }
    ) throws {
        self.directory = directory
        lock = try RunLock(directory)
        var acquisition = LeaseAcquisition(directory, lock, floor: floor, times: times)
        (fencing, succession) = try acquisition.run(notice)
        let state = Monitor(State(lease: acquisition.lease))
        self.state = state
        let renewal = LeaseRenewal(files: acquisition.files, record: acquisition.record, state: state)
        thread = ServiceThread(name: "lease") { renewal.run() }
    }

    deinit { release() }

    /// Calls `body` with a sentence, on the lease's thread, when another coordinator has taken over. From then on nothing may be written.
    public func onTakenOver(_ body: @escaping @Sendable (String) -> Void) {
        let sentence = state.update { state in
            state.listener = body
            return state.successor
        }
        if let sentence { body(sentence) }
    }

    /// Returns when this process may replace files of the run: at once in general; after a look into the directory if the last one is too
    /// long ago, because the process was stopped or the disk is slow. May be called from any thread.
    /// - Throws: `RunLogError` if another coordinator has taken over, or the lease cannot be renewed. Only in the second case, in which
    ///   `isHeld` stays true, another try may succeed; the error then has the system's number.
    public func confirm() throws {
        while let ticket = ticket() {
            let answer = state.wait { state -> State.Answer? in
                if let successor = state.successor { return .failed(RunLogError(successor)) }
                if state.isStopping { return .failed(RunLogError("the lease of this run has been released")) }
                guard state.answered >= ticket else { return nil }
                return state.failure.map { .failed($0) } ?? .renewed
            }
            if case .failed(let error)? = answer { throw error }
        }
    }

    /// Asks the thread for a renewal.
    /// - Returns: nil if none is needed.
    private func ticket() -> Int? {
        if state.read({ !$0.isStopping && $0.lease.isConfirmed(at: BootClock.now) }) { return nil }
        return state.update { state in
            state.asked += 1
            return state.asked
        }
    }

    /// Whether this process still has the lease, as far as it knows.
    public var isHeld: Bool { state.read { $0.successor == nil && !$0.isStopping } }

    /// Gives the lease up, after the last write to the run: the next coordinator can begin at once.
    public func release() {
        state.update { $0.isStopping = true }
        // A disk that hangs must not keep the process from its end.
        thread.join(timeout: 5)
    }
}
