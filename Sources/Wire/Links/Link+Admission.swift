import SwiftProtobuf

/// An accepted link is a pending connection until its `Hello` is accepted.
extension Link: PendingConnection {
    /// Admits the peer in the role of its `Hello`. Called on the loop's thread.
    /// - Throws: `WireError` if the role differs from its certificate's.
    public func admit(_ hello: WireHello) throws {
        if let identity, PeerRole(hello.role) != identity.role {
            throw WireError(
                .refused, "its certificate is a \(identity.role.rawValue)'s, but it claims the role "
                    + (PeerRole(hello.role)?.rawValue ?? "unknown"))
        }
        admit()
    }

    /// The peer's fields in an event of the run's log: fingerprint, common name and role of its certificate; empty without TLS.
    public var facts: [String: String] {
        identity.map { ["fingerprint": $0.fingerprint, "certificate": $0.subject, "certificate_role": $0.role.rawValue] } ?? [:]
    }
}

extension PeerRole {
    init?(_ role: WireHello.Role) {
        switch role {
        case .coordinator: self = .coordinator
        case .worker: self = .worker
        case .store: self = .store
        case .dashboard: self = .dashboard
        default: return nil
        }
    }
}
