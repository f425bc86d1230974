import Glibc

/// State guarded by a lock, with one condition variable.
///
/// Timeouts use the monotonic clock, so setting the system's clock does not affect them. A worker's compute thread waits here for
/// slabs and parameter values; it never waits on Swift's cooperative pool.
public final class Monitor<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    public init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the state under the lock, then wakes every waiter.
    @discardableResult
    public func update<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Reads the state under the lock without waking waiters.
    public func read<Result>(_ body: (borrowing State) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(state)
    }

    /// Waits until `body` returns a value; calls it under the lock, at once and after every update.
    /// - Parameter timeout: seconds; nil waits without limit, as do infinity and more than thirty years. A negative one does not wait.
    /// - Returns: the value that `body` returned, or nil after the timeout.
    public func wait<Result>(timeout: Double? = nil, until body: (inout State) throws -> Result?) rethrows -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        // The system takes no negative time, and an integer holds no infinite one.
        let limit = timeout.flatMap { $0 < 1e9 ? max(0, $0) : nil }
        var deadline = timespec()
        if let limit {
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            let nanoseconds = Double(deadline.tv_nsec) + limit.truncatingRemainder(dividingBy: 1) * 1e9
            deadline.tv_sec += Int(limit) + Int(nanoseconds / 1e9)
            deadline.tv_nsec = Int(nanoseconds.truncatingRemainder(dividingBy: 1e9))
        }
        while true {
            if let result = try body(&state) { return result }
            if limit == nil {
                pthread_cond_wait(condition, mutex)
            } else if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT {
                return try body(&state)
            }
        }
    }
}
