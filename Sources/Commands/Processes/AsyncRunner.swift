import Glibc
import Platform
import Supervision

/// Runs asynchronous work from a synchronous command.
enum AsyncRunner {
    /// Runs `body` and waits for it. Cancels it when the process is interrupted.
    static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
        let outcome = Monitor<Result<Void, any Error>?>(nil)
        let signals = SignalWatch()
        let task = Task {
            do {
                try await body()
                outcome.update { $0 = .success(()) }
            } catch { outcome.update { $0 = .failure(error) } }
        }
        signals.onInterrupt { task.cancel() }
        do { try outcome.wait { $0 }!.get() } catch is CancellationError {}
        withExtendedLifetime(signals) {}
    }
}
