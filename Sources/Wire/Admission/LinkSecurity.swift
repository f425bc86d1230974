/// How a process's connections are protected, and what it does about strangers. An event loop has one: the services that
/// open and accept connections on it need not know.
public struct LinkSecurity: Sendable {
    public enum Protection: Sendable {
        /// TCP as it is, after both sides have proved that they know the run's token, where there is one.
        case plain(TokenSource)
        /// Mutual TLS 1.3.
        case encrypted(TLSMaterial)
    }

    public var protection: Protection
    public var limits: ConnectionLimits
    /// Takes a sentence for the log about a connection that was refused; from any thread. There are never many: a flood is
    /// summed up.
    public var refused: @Sendable (String) -> Void

    public init(
        _ protection: Protection, limits: ConnectionLimits = .init(), refused: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.protection, self.limits, self.refused) = (protection, limits, refused)
    }

    /// Neither encryption nor a token.
    public static let none = LinkSecurity(.plain(.none))

    /// Whether whoever is connected has proved who it is, by a certificate or the run's token.
    public var provesPeers: Bool {
        switch protection {
        case .encrypted: true
        case .plain(let source): source.current != nil
        }
    }

    /// Whether the token is what a coordinator may be about to leave.
    var expectsPublishedToken: Bool { if case .plain(let source) = protection, case .published = source.origin { true } else { false } }

    /// Whether what is sent can be read and changed on its way.
    public var isPlain: Bool { if case .plain = protection { true } else { false } }
}
