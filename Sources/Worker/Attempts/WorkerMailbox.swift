import Platform
import Security
import Transport

/// A worker's state between the loop's thread, which takes in messages, and the compute thread, which waits for them.
final class WorkerMailbox: Sendable {
    private let state = Monitor(WorkerState<Link>())

    func read<Result>(_ body: (WorkerState<Link>) throws -> Result) rethrows -> Result { try state.read(body) }
    @discardableResult func update<Result>(_ body: (inout WorkerState<Link>) throws -> Result) rethrows -> Result { try state.update(body) }

    func fail(_ error: WireError) { state.update { $0.fail(error) } }

    /// Waits until `body` finds what it looks for in the attempt that the compute thread takes part in.
    /// - Throws: `AttemptEnded`, or the error that ended the worker's part in the run.
    @discardableResult func wait<Result>(until body: (inout Attempt) -> Result?) throws -> Result {
        try waitForState { state in
            var found: Result?
            state.update(attempt: state.attempt.number) { found = body(&$0) }
            return found
        }
    }

    /// Waits until `body` finds what it looks for.
    @discardableResult func waitForState<Result>(until body: (inout WorkerState<Link>) -> Result?) throws -> Result {
        let result: Swift.Result<Result, any Error>? = state.wait { state in
            // What is found counts only in the attempt that it was looked for in.
            if let error = state.interruption as? AttemptEnded { return .failure(error) }
            if let found = body(&state) { return .success(found) }
            return state.endOfWait.map { .failure($0) }
        }
        return try result!.get()
    }

    /// Waits for what there is to do next, between two attempts.
    /// - Parameter ready: The assignment that the worker is ready for.
    func next(_ ready: WorkerAssignment?) throws -> WorkerState<Link>.Next {
        let result: Swift.Result<WorkerState<Link>.Next, any Error>? = state.wait { state in
            do { return try state.next(ready).map { .success($0) } } catch { return .failure(error) }
        }
        return try result!.get()
    }

    /// - Throws: Where the compute thread must not continue with what it does.
    func checkInterruption() throws { if let error = state.read({ $0.interruption }) { throw error } }
}
