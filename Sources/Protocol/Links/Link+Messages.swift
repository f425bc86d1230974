import Security
public import Transport

extension Link {
    /// Queues a control message, as a frame.
    public func send(_ message: WireControlMessage, run: UInt64 = 0, attempt: UInt32 = 0) {
        var header = FrameHeader(.control)
        (header.run, header.attempt) = (run, attempt)
        send(header, .bytes(message.payload))
    }

    /// Admits the peer in the role of its `Hello`. Called on the loop's thread.
    /// - Throws: `WireError` if the role differs from its certificate's.
    public func admit(_ hello: WireHello) throws {
        if let identity, PeerRole(hello.role) != identity.role {
            throw WireError(
                .refused,
                "its certificate is a \(identity.role.rawValue)'s, but it claims the role "
                    + (PeerRole(hello.role)?.rawValue ?? "unknown"))
        }
        admit()
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
