/// Finds workers that compute more slowly than the others, by what they compute before they first wait for anybody: wall
/// time would blame all alike, because everybody waits for the slowest.
package struct StragglerWatch: Sendable {
    /// Times the others' median from which a worker counts as slow, and below which it keeps up again.
    package static let factor = (slow: 1.5, recovered: 1.25)
    /// How long it has to last before it is said: on a loaded machine everybody is slow for a moment.
    package static let least = (steps: 20, seconds: 60.0)

    package enum Finding: Equatable, Sendable {
        case slow(worker: Int, times: Double)
        case recovered(worker: Int)
    }

    /// Seconds for a billion operations, smoothed.
    private var pace: [Int: Double] = [:]
    private var streak: [Int: (steps: Int, since: Double)] = [:]
    private var isSlow: Set<Int> = []

    package init() {}

    /// - Parameter now: seconds on the coordinator's clock.
    package mutating func add(worker: Int, seconds: Double, flops: Double, at now: Double) -> Finding? {
        guard seconds > 0, flops > 0 else { return nil }
        let latest = seconds / flops * 1e9
        pace[worker] = pace[worker].map { 0.95 * $0 + 0.05 * latest } ?? latest
        let others = pace.filter { $0.key != worker }.values.sorted()
        guard !others.isEmpty else { return nil }
        let times = pace[worker]! / others[others.count / 2]
        if isSlow.contains(worker) {
            guard times < Self.factor.recovered else { return nil }
            streak[worker] = nil
            return isSlow.remove(worker).map { .recovered(worker: $0) }
        }
        guard times > Self.factor.slow else {
            streak[worker] = nil
            return nil
        }
        let (steps, since) = streak[worker] ?? (0, now)
        streak[worker] = (steps + 1, since)
        guard steps + 1 >= Self.least.steps, now - since >= Self.least.seconds else { return nil }
        isSlow.insert(worker)
        return .slow(worker: worker, times: times)
    }

    /// Another process computes the worker's columns from now on.
    package mutating func forget(worker: Int) {
        (pace[worker], streak[worker]) = (nil, nil)
        isSlow.remove(worker)
    }
}
