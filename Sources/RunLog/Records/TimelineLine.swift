/// A line of timeline.jsonl: the activities of one process in one traced step.
public struct TimelineLine: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case compute, exchange_wait, store_wait, data_wait, send, update, other
    }

    public struct Span: Codable, Sendable, Equatable {
        public var name: String
        public var kind: Kind
        /// The start in nanoseconds since the line's origin.
        public var start: UInt64
        /// The duration in nanoseconds.
        public var duration: UInt64

        public init(name: String, kind: Kind, start: UInt64, duration: UInt64) {
            (self.name, self.kind, self.start, self.duration) = (name, kind, start, duration)
        }
    }

    public var step: Int
    public var role: String
    public var rank: Int
    /// The origin of the spans' times, in nanoseconds since 1970 by the coordinator's clock.
    public var origin: UInt64
    /// The uncertainty of the origin in nanoseconds; nil if the clocks could not be compared.
    public var uncertainty: UInt64?
    /// The spans in the order of their starts.
    public var spans: [Span]

    public init(step: Int, role: String, rank: Int, origin: UInt64, uncertainty: UInt64? = nil, spans: [Span]) {
        (self.step, self.role, self.rank, self.origin, self.spans) = (step, role, rank, origin, spans)
        self.uncertainty = uncertainty
    }
}
