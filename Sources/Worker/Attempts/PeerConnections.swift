package import Protocol
import Security

/// A worker's connections from and to other workers, by attempt: a peer may have heard of a new attempt, or of this worker's assignment, first.
/// - Parameter Connection: A `Link`, or a stand-in for one in tests.
package struct PeerConnections<Connection: AnyObject & Sendable>: Sendable {
    package struct Peer: Hashable, Sendable {
        package let attempt: UInt32
        package let rank: Int
    }

    private var connections: [Peer: Connection] = [:]
    /// Peers that came before this worker's assignment, and the run that they name.
    private var early: [Peer: (connection: Connection, run: UInt64)] = [:]
    private static var earlyLimit: Int { 1024 }

    package init() {}

    package subscript(attempt: UInt32, rank: Int) -> Connection? {
        get { connections[Peer(attempt: attempt, rank: rank)] }
        set { connections[Peer(attempt: attempt, rank: rank)] = newValue }
    }

    package func peer(of connection: Connection) -> Peer? { connections.first { $0.value === connection }?.key }

    /// Takes in a peer that introduces itself.
    /// - Throws: `WireError` where it cannot be a peer of this worker.
    package mutating func add(_ hello: WireHello, _ connection: Connection, assignment: WireWelcome?, attempt: UInt32) throws {
        let peer = Peer(attempt: hello.attempt, rank: Int(hello.rank))
        guard hello.role == .worker, hello.rank <= UInt16.max, hello.attempt >= attempt else {
            throw WireError(.malformed, "a connection of no worker of this attempt")
        }
        guard let assignment else {
            guard early[peer] == nil, early.count < Self.earlyLimit else {
                throw WireError(.refused, "this worker has no assignment in a run yet")
            }
            early[peer] = (connection, hello.run)
            return
        }
        // A peer may have heard of a new attempt first, and of another layout with it.
        guard hello.run == assignment.run, hello.attempt > attempt || hello.rank < assignment.workers && hello.rank != assignment.rank
        else {
            throw WireError(.malformed, "a connection of no worker of this run")
        }
        guard connections[peer] == nil else { throw WireError(.refused, "worker \(hello.rank) is connected already") }
        connections[peer] = connection
    }

    /// This worker has an assignment: early connections are its peers'.
    /// - Returns: Connections of another run.
    package mutating func assigned(run: UInt64) -> [Connection] {
        var foreign: [Connection] = []
        for (peer, (connection, itsRun)) in early {
            if itsRun == run, connections[peer] == nil { connections[peer] = connection } else { foreign.append(connection) }
        }
        early = [:]
        return foreign
    }

    /// Drops what belongs to older attempts.
    /// - Returns: Its connections.
    package mutating func drop(before attempt: UInt32) -> [Connection] {
        let old =
            connections.filter { $0.key.attempt < attempt }.map(\.value) + early.filter { $0.key.attempt < attempt }.map(\.value.connection)
        connections = connections.filter { $0.key.attempt >= attempt }
        early = early.filter { $0.key.attempt >= attempt }
        return old
    }

    package mutating func closed(_ connection: Connection) { early = early.filter { $0.value.connection !== connection } }
}
