package import Partition

/// An action outside of a run's state that the state requires.
package enum Effect: Sendable {
    /// The attempt is the one in which the order was given.
    case send(Order, to: MemberID, attempt: UInt32)
    /// Close a connection after what has been sent on it.
    case finish(MemberID)
    /// Cut a connection that does not close by itself.
    case cancel(MemberID, after: Double, reason: String)
    /// A member has broken the protocol.
    case reject(MemberID, reason: String)
    /// Answer a command; nil accepts it.
    case answer(CommandOrigin, refusal: String?)
    case journal(JournalEntry)
    /// Record in run.json who takes part from here on.
    case record(Participation)
    /// Drop what the run's files have of later steps: these are trained again.
    case keepLines(through: Int)
    /// Send the starting values of every block to the store that holds it.
    case restoreStartingValues(holders: [ParameterBlock.Key: MemberID])
    /// Pass a part on to the store that holds it from now on.
    case forward(BlockPart, to: MemberID)
    /// Make room for a checkpoint's blocks, which stores are about to send.
    case beginCheckpoint(step: Int)
    /// Send a tick after so many seconds.
    case wake(after: Double)
    case end(RunOutcome)
}

/// The members that take part in a run, for run.json.
package struct Participation: Sendable {
    package let layout: ColumnLayout
    package let members: [Member]
    /// Whether the layout is another than before.
    package let isNewLayout: Bool
}

/// A message from the coordinator to a member.
package enum Order: Sendable, Equatable {
    case refuse(String)
    /// An assignment.
    case welcome(Assignment)
    case topology(Topology)
    case grant(Grant)
    case commit(step: Int, snapshot: Bool)
    case abort(Abort)
    /// Give these blocks away, as they are after a step.
    case handOver([ParameterBlock.Key], step: Int)
    /// The member may end.
    case release(step: Int)
    /// The coordinator has given the process up.
    case evict(reason: String)
}

package struct Assignment: Sendable, Equatable {
    package let rank: Int
    package let layout: ColumnLayout
    /// Whether its process must start its host's store.
    package let startsStore: Bool
}

package struct Topology: Sendable, Equatable {
    /// The step whose values training starts from.
    package let base: Int
    /// Whether values come from the coordinator or another store; otherwise stores draw them.
    package let restores: Bool
    /// Whether stores use the values that they have offered: nobody sends these.
    package let recovers: Bool
    /// By rank.
    package let workers: [MemberID]
    package let stores: [MemberID]
    package let placement: BlockPlacement?
}

package struct Grant: Sendable, Equatable {
    package let step: Int
    package let rate: Float
    package let validates: Bool
    /// Whether processes report what they did, span by span.
    package let isTraced: Bool
    /// Whether stores report norms.
    package let isMeasured: Bool
}

package struct Abort: Sendable, Equatable {
    package let committed: Int
    package let reason: String
    /// Whether the layout changes, and nothing has failed.
    package let isPlanned: Bool
    /// Whether the receiver has no assignment in the next attempt and waits as a spare.
    package let becomesSpare: Bool
}
