/// Bounds on what connections, and pending ones in particular, may use in a listening process.
public struct ConnectionLimits: Sendable, Equatable {
    /// Seconds from the connection to an accepted `Hello`.
    public var greeting: Double = 5
    /// Pending (not yet admitted) connections at once; one more closes the oldest.
    public var strangers = 64
    /// All connections at once; further ones are closed.
    public var connections = 512
    /// Bytes of the `Hello`, the only frame that a pending connection may send.
    public var helloBytes = 4096
    /// Seconds without an answer from a peer's host after which TCP keep-alive ends the connection.
    public var keepAliveTimeout = 60

    public init() {}
}
