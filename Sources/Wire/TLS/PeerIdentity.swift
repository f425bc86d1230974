/// What a certificate of a run lets its holder be.
public enum PeerRole: String, Sendable, CaseIterable {
    case coordinator, store, worker, dashboard

    static let uriPrefix = "urn:colonnade:role:"
    /// As a certificate has it, among its alternative names.
    var uri: String { Self.uriPrefix + rawValue }
}

/// Who a peer is by its certificate, whose chain has been verified.
public struct PeerIdentity: Sendable, Equatable {
    public let role: PeerRole
    /// SHA-256 of the certificate, hexadecimal.
    public let fingerprint: String
    /// The certificate's name, such as `worker host-b`.
    public let subject: String
}
