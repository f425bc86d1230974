/// A line of timeline.jsonl: what one process did in one traced step.
public struct TimelineLine: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case compute, exchange_wait, store_wait, data_wait, send, update, other
    }

    public struct Span: Codable, Sendable, Equatable {
        public var name: String
        public var kind: Kind
        /// Nanoseconds since the line's origin.
        public var start: UInt64
        /// Nanoseconds.
        public var duration: UInt64

        public init(name: String, kind: Kind, start: UInt64, duration: UInt64) {
            (self.name, self.kind, self.start, self.duration) = (name, kind, start, duration)
        }
    }

    public var step: Int
    public var role: String
    public var rank: Int
    /// Nanoseconds since 1970 by the coordinator's clock.
    public var origin: UInt64
    /// Nanoseconds that the origin may be off; nil where the clocks could not be compared.
    public var uncertainty: UInt64?
    /// In the order in which they began.
    public var spans: [Span]

    public init(step: Int, role: String, rank: Int, origin: UInt64, uncertainty: UInt64? = nil, spans: [Span]) {
        (self.step, self.role, self.rank, self.origin, self.spans) = (step, role, rank, origin, spans)
        self.uncertainty = uncertainty
    }
}
