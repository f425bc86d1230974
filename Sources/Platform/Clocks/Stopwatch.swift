/// Records spans of one thread's time, for a timeline. Each span costs two clock readings.
public struct Stopwatch: Sendable {
    public struct Span: Sendable {
        /// The index of what the time was spent on, such as an instruction or a tensor; the owner chooses its meaning.
        public let index: Int
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

    public mutating func add(_ index: Int, from start: Double, to end: Double) {
        spans.append(Span(index: index, start: start, end: end))
    }
}
