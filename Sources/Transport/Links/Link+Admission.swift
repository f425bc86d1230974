import Security

/// An accepted link is a pending connection until its owner admits it.
extension Link: PendingConnection {
    /// The peer's fields in an event of the run's log: fingerprint, common name and role of its certificate; empty without TLS.
    public var facts: [String: String] {
        identity.map { ["fingerprint": $0.fingerprint, "certificate": $0.subject, "certificate_role": $0.role.rawValue] } ?? [:]
    }
}
