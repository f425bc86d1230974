import Transport

/// The coordinator's connections whose other ends have introduced themselves.
struct Connections {
    enum Kind {
        /// A worker or store; its role is the run state's.
        case member
        /// Heartbeats of a member.
        case heartbeat(of: MemberID)
        /// A person's, for commands.
        case dashboard
    }

    struct Connection {
        let id: MemberID
        let link: Link
        let kind: Kind
    }

    private var connections: [MemberID: Connection] = [:]
    private var ids: [ObjectIdentifier: MemberID] = [:]
    private var count = 0

    subscript(id: MemberID) -> Connection? { connections[id] }
    subscript(link: Link) -> Connection? { ids[ObjectIdentifier(link)].flatMap { connections[$0] } }
    var all: [Connection] { Array(connections.values) }

    mutating func add(_ link: Link, _ kind: Kind) -> MemberID {
        count += 1
        let id = MemberID(count)
        connections[id] = Connection(id: id, link: link, kind: kind)
        ids[ObjectIdentifier(link)] = id
        return id
    }

    mutating func remove(_ link: Link) -> Connection? {
        ids.removeValue(forKey: ObjectIdentifier(link)).flatMap { connections.removeValue(forKey: $0) }
    }

    /// Closes a member's connection once everything is sent. Its heartbeats mean nothing from now on.
    mutating func finish(_ id: MemberID) {
        connections[id]?.link.finish()
        for connection in connections.values {
            guard case .heartbeat(of: id) = connection.kind else { continue }
            connections[connection.id] = nil
            ids[ObjectIdentifier(connection.link)] = nil
        }
    }
}
