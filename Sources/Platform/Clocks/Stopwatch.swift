/// Records spans of one thread's time, for a timeline. Each span costs two clock readings.
public struct Stopwatch: Sendable {
    public struct Span: Sendable {
        /// An index whose meaning the owner chooses, such as an instruction's or a tensor's.
        public let place: Int
        /// Seconds on the monotonic clock.
        public let start: Double
        public let end: Double
    }

    /// The wall-clock time that corresponds to `start`, in nanoseconds since 1970.
    public let origin: UInt64
    /// Seconds on the monotonic clock.
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
