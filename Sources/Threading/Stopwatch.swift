/// Records spans of one thread's time, for a timeline. A span costs two readings of the clock.
public struct Stopwatch: Sendable {
    public struct Span: Sendable {
        /// What the owner makes of it: an instruction's place, a tensor's.
        public let place: Int
        /// Seconds on the monotonic clock.
        public let start: Double
        public let end: Double
    }

    /// Nanoseconds since 1970 when the monotonic clock stood at `start`.
    public let origin: UInt64
    public let start: Double
    public private(set) var spans: [Span] = []

    public init(capacity: Int) {
        origin = UInt64(max(0, WallClock.now) * 1e9)
        start = MonotonicClock.now
        spans.reserveCapacity(capacity)
    }

    public mutating func add(_ place: Int, from start: Double, to end: Double) {
        spans.append(Span(place: place, start: start, end: end))
    }
}
