/// What strangers may cost a listening process.
public struct ConnectionLimits: Sendable, Equatable {
    /// Seconds from the connection to an accepted greeting.
    public var greeting: Double = 5
    /// Connections that have not been admitted, at once; one more sheds the oldest.
    public var strangers = 64
    /// Connections in all; no more are accepted.
    public var connections = 512
    /// Bytes of a greeting.
    public var greetingBytes = 4096
    /// Seconds without an answer after which a host counts as gone.
    public var silence = 60

    public init() {}
}
