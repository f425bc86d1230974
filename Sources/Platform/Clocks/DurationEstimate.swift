/// An estimate of how long an operation takes, from its history: a running mean and mean deviation, as in TCP's round-trip estimate.
/// One outlier raises the estimate for about twenty observations.
public struct DurationEstimate: Sendable, Equatable {
    private var mean = 0.0
    private var deviation = 0.0
    private var count = 0

    public init() {}

    public mutating func add(_ seconds: Double) {
        if count == 0 {
            (mean, deviation) = (seconds, seconds / 2)
        } else {
            deviation += (abs(seconds - mean) - deviation) / 4
            mean += (seconds - mean) / 8
        }
        count += 1
    }

    /// A duration in seconds that is rarely exceeded; 0 before the first observation.
    public var most: Double { count == 0 ? 0 : mean + 4 * deviation }
}
