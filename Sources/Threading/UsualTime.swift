/// How long something usually takes, from its own history: a running mean and mean deviation, as TCP estimates round trips.
/// One outlier raises it and is forgotten after some twenty more.
public struct UsualTime: Sendable, Equatable {
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

    /// Seconds that it rarely exceeds; 0 before there is a history.
    public var most: Double { count == 0 ? 0 : mean + 4 * deviation }
}
