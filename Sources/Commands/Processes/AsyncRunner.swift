import Glibc
import Threading

/// Runs something asynchronous from a command, which waits for it.
enum AsyncRunner {
    /// Ends it when the process is interrupted.
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
