import Glibc

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
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        origin = UInt64(wall.tv_sec) * 1_000_000_000 + UInt64(wall.tv_nsec)
        start = MonotonicClock.now
        spans.reserveCapacity(capacity)
    }

    public mutating func add(_ place: Int, from start: Double, to end: Double) {
        spans.append(Span(place: place, start: start, end: end))
    }
}
