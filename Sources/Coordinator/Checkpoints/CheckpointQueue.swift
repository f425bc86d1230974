import Platform

/// Writes checkpoints one after the other, on a thread that lives while there are some. Of two at once, the newer one could be complete
/// before the older one.
final class CheckpointQueue: Sendable {
    private struct State: Sendable {
        var jobs: [@Sendable () -> Void] = []
        var isRunning = false

        /// The next checkpoint; nil ends the thread.
        mutating func next() -> (@Sendable () -> Void)? {
            guard !jobs.isEmpty else {
                isRunning = false
                return nil
            }
            return jobs.removeFirst()
        }
    }

    private let state = Monitor(State())

    func submit(_ job: @escaping @Sendable () -> Void) {
        let state = state
        let starts = state.update { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        _ = ServiceThread(name: "checkpoint") {
            while let job = state.update({ $0.next() }) { job() }
        }
    }
}
