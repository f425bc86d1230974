/// How a worker's or store's part in a run ended, according to the coordinator.
public enum SessionOutcome: Sendable, Equatable {
    case finished
    /// The run was asked to stop, and can be resumed.
    case stopped
    /// This process asked to leave, and was released after the step that the text names.
    case left(String)
    /// The run, or this process's part in it, failed; a restart may help.
    case failed(String)
    /// The run failed, and would fail the same way again.
    case failedForGood(String)

    /// Reads the coordinator's message.
    public init(_ finish: WireFinish) {
        if finish.left {
            self = .left(finish.reason)
            return
        }
        self =
            switch (finish.failed, finish.forGood, finish.stopped) {
            case (true, true, _): .failedForGood(finish.reason)
            case (true, false, _): .failed(finish.reason)
            case (false, _, true): .stopped
            case (false, _, false): .finished
            }
    }
}
