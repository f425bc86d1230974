/// The protection of a process's connections, and the limits on pending ones. It belongs to the event loop, so services
/// that open and accept connections need not handle it.
public struct LinkSecurity: Sendable {
    public enum Protection: Sendable {
        /// Unencrypted TCP, after both sides have proved that they know the run's token, if there is one.
        case plain(TokenSource)
        /// Mutual TLS 1.3.
        case encrypted(TLSMaterial)
    }

    public var protection: Protection
    public var limits: ConnectionLimits
    /// Receives a sentence for the log about each refused connection, on any thread. Their rate is bounded by
    /// `RefusalJournal`.
    public var refused: @Sendable (String) -> Void

    public init(
        _ protection: Protection, limits: ConnectionLimits = .init(), refused: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.protection, self.limits, self.refused) = (protection, limits, refused)
    }

    /// Neither encryption nor a token.
    public static let none = LinkSecurity(.plain(.none))

    /// Whether connected peers are authenticated, by a certificate or the run's token.
    public var authenticatesPeers: Bool {
        switch protection {
        case .encrypted: true
        case .plain(let source): source.current != nil
        }
    }

    /// Whether the token is one that the coordinator publishes, and may not have published yet.
    package var expectsPublishedToken: Bool {
        if case .plain(let source) = protection, case .published = source.origin { true } else { false }
    }

    /// Whether connections are unencrypted, so that others on the path can read and change the traffic.
    public var isUnencrypted: Bool { if case .plain = protection { true } else { false } }
}
