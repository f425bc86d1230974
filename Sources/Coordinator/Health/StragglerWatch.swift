/// Finds workers that compute more slowly than the others, by what they compute before they first wait for anybody: wall
/// time would blame all alike, because everybody waits for the slowest.
package struct StragglerWatch {
    /// Times the others' median from which a worker counts as slow.
    package static let factor = 1.5
    /// Steps in a row before it is said.
    package static let steps = 20

    package enum Finding: Equatable, Sendable {
        case slow(worker: Int, times: Double)
        case recovered(worker: Int)
    }

    /// Seconds for a billion operations, smoothed.
    private var pace: [Int: Double] = [:]
    private var streak: [Int: Int] = [:]
    private var isSlow: Set<Int> = []

    package init() {}

    package mutating func add(worker: Int, seconds: Double, flops: Double) -> Finding? {
        guard seconds > 0, flops > 0 else { return nil }
        let now = seconds / flops * 1e9
        pace[worker] = pace[worker].map { 0.8 * $0 + 0.2 * now } ?? now
        let others = pace.filter { $0.key != worker }.values.sorted()
        guard !others.isEmpty else { return nil }
        let times = pace[worker]! / others[others.count / 2]
        guard times > Self.factor else {
            streak[worker] = 0
            return isSlow.remove(worker).map { .recovered(worker: $0) }
        }
        streak[worker, default: 0] += 1
        guard streak[worker]! >= Self.steps, isSlow.insert(worker).inserted else { return nil }
        return .slow(worker: worker, times: times)
    }

    /// Another process computes the worker's columns from now on.
    package mutating func forget(worker: Int) {
        (pace[worker], streak[worker]) = (nil, nil)
        isSlow.remove(worker)
    }
}
