package import Protocol

/// An event that can happen to a run.
package enum RunInput: Sendable {
    /// A worker or store introduces itself.
    case joined(MemberID, WireHello, PeerAddress)
    /// A member's message, and the attempt that it was sent in.
    case message(MemberID, attempt: UInt32, MemberMessage)
    case heartbeat(MemberID, WireHeartbeat)
    /// A member's connection has ended.
    case disconnected(MemberID, reason: String)
    /// A part of a parameter block has left the store that gives it away.
    case moved(BlockPart, from: MemberID)
    /// Every block of a checkpoint has come from the stores.
    case snapshotArrived(step: Int)
    case checkpointWritten(step: Int, path: String)
    /// A checkpoint could not be written.
    case checkpointFailed(step: Int, reason: String, isPermanent: Bool)
    /// The coordinator itself cannot continue, such as for want of memory.
    case broken(String)
    /// Somebody asks for the end, with a checkpoint.
    case stop
    case command(RunCommand, CommandOrigin)
    /// Time has passed; sent several times a second, and when an effect asked for it.
    case tick
}

package enum MemberMessage: Sendable {
    case ready
    case leave
    case failure(String)
    case trained(WireStepReport)
    case stored(WireStepStored)
    case validated(WireValidationReport)
    case linkLost(WireLinkLost)
}

/// A command that a person may give to a run.
package enum RunCommand: Sendable, Equatable {
    case stop
    case checkpoint
    case resize(workers: Int, replicas: Int?)
}

/// The origin of a command: the connection to answer on, and its description for the log.
package struct CommandOrigin: Sendable {
    package let connection: MemberID
    package let peer: PeerAddress

    package init(_ connection: MemberID, _ peer: PeerAddress) { (self.connection, self.peer) = (connection, peer) }
}
