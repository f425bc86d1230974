import Platform
import RunLog

/// Writes the newest status, on a thread of its own.
final class StatusWriter: Sendable {
    private enum State {
        case idle, waiting(RunStatus), stopped
    }

    private let state = Monitor(State.idle)
    private let thread: ServiceThread

    init(_ writer: RunWriter) {
        let state = state
        thread = ServiceThread(name: "status") {
            while true {
                let next: RunStatus?? = state.wait { state in
                    switch state {
                    case .idle: return nil
                    case .waiting(let status):
                        state = .idle
                        return .some(status)
                    case .stopped: return .some(nil)
                    }
                }
                guard let status = next ?? nil else { return }
                // One that cannot be written is followed by another; the metrics say so when the disk is full.
                try? writer.write(status)
            }
        }
    }

    /// One that has not been written yet is replaced.
    func submit(_ status: RunStatus) {
        state.update { state in
            if case .stopped = state { return }
            state = .waiting(status)
        }
    }

    func stop() {
        state.update { $0 = .stopped }
        thread.join()
    }
}
