/// A role in a run, as a certificate grants it to its holder.
public enum PeerRole: String, Sendable, CaseIterable {
    case coordinator, store, worker, dashboard

    static let uriPrefix = "urn:colonnade:role:"
    /// The role's URI among a certificate's subject alternative names.
    var uri: String { Self.uriPrefix + rawValue }
}

/// The identity in a peer's certificate, whose chain has been verified.
public struct PeerIdentity: Sendable, Equatable {
    public let role: PeerRole
    /// SHA-256 of the certificate, hexadecimal.
    public let fingerprint: String
    /// The certificate's common name, such as `worker host-b`.
    public let subject: String
}
