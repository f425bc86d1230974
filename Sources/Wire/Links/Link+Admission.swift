import SwiftProtobuf

/// An accepted connection is a stranger's until its greeting is accepted.
extension Link: PendingConnection {
    /// Takes the peer for what its greeting says. On the loop's thread.
    /// - Throws: where its certificate says otherwise.
    public func admit(_ hello: WireHello) throws {
        if let identity, PeerRole(hello.role) != identity.role {
            throw WireError(
                .refused, "its certificate is a \(identity.role.rawValue)'s, and it wants to be a \(PeerRole(hello.role)?.rawValue ?? "nobody")")
        }
        admit()
    }

    /// What an event about the peer says of it.
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
