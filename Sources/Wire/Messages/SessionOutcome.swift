/// How a worker's or store's part in a run ended, by the coordinator's word.
public enum SessionOutcome: Sendable, Equatable {
    case finished
    /// The run was asked to stop, and can go on.
    case stopped
    /// This process asked to leave, and was released after the step that the text names.
    case left(String)
    /// The run, or this process's part in it; another start may help.
    case failed(String)
    /// The run, and it would fail the same way again.
    case failedForGood(String)

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
