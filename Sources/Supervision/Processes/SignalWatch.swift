import Glibc
import Platform

/// Turns SIGINT and SIGTERM into calls on a dedicated thread. Create it before any other thread.
package final class SignalWatch: Sendable {
    private let action = Monitor<(@Sendable (Int32) -> Void)?>(nil)

    package init() {
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
                call(number)
            }
        }
    }

    /// Calls `body` for each signal from now on. Until then, a signal ends the process.
    package func onInterrupt(_ body: @escaping @Sendable () -> Void) { action.update { $0 = { _ in body() } } }

    /// Calls `leave` for the first signal from now on. A second signal ends the process at once, with the usual exit code. So does the
    /// first if `leave` returns false because there is nothing to leave.
    package func leaveOnInterrupt(_ leave: @escaping @Sendable () -> Bool) {
        let count = Monitor(0)
        action.update {
            $0 = { number in
                let isFirst = count.update { count in
                    count += 1
                    return count == 1
                }
                if !isFirst || !leave() { _exit(128 + number) }
            }
        }
    }
}
