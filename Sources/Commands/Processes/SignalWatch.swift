import Glibc
import Threading

/// Turns SIGINT and SIGTERM into calls, on a thread of its own. Create it before any other thread.
final class SignalWatch: Sendable {
    private let action = Monitor<(@Sendable () -> Void)?>(nil)

    init() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let action = action
        _ = ServiceThread(name: "signals") {
            var set = sigset_t()
            sigemptyset(&set)
            sigaddset(&set, SIGINT)
            sigaddset(&set, SIGTERM)
            while true {
                var number: Int32 = 0
                guard sigwait(&set, &number) == 0 else { continue }
                guard let call = action.read({ $0 }) else { exit(128 + number) }
                call()
            }
        }
    }

    /// Calls `body` for each signal from now on; before, a signal ends the process.
    func onInterrupt(_ body: @escaping @Sendable () -> Void) { action.update { $0 = body } }
}
