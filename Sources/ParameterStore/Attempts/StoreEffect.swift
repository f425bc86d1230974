import Platform
package import Protocol
package import Security
import Transport
package import Partition

/// Work outside of a store's state that the state asks for.
/// - Parameter Connection: A worker's `Link`, or a stand-in for one in tests.
package enum StoreEffect<Connection: AnyObject & Sendable>: Sendable {
    package typealias Key = ParameterBlock.Key
    package typealias Worker = StoreWorker<Connection>

    /// Take an assignment, which is the store's first or follows a change of layout.
    case assign(StoreAssignment, isFirst: Bool)
    /// Make memory for a worker's tensors and tell the worker where it is; then call the state's `registered`, or `refused`.
    case register(Worker, WireRegister, contributions: Range<Int>)
    /// Put first values into the blocks of a new segment: restored ones where there are, drawn ones otherwise.
    /// - Parameter recovers: Whether values are those that have been left in memory.
    case initialize(SegmentID, [Key], step: Int, recovers: Bool)
    /// Forget what an earlier process has left in memory.
    case forget
    /// Keep this for a process that comes after this one.
    case note(committed: Int, attempt: UInt32)
    /// Compute a block's update.
    case update(Key, step: Int, rate: Float, attempt: UInt32, measures: Bool)
    /// Send a worker the value of a block after a step.
    case announce(Key, step: Int, to: Worker)
    /// Tell the coordinator that every block has values.
    case sendReady(attempt: UInt32)
    /// Tell the coordinator that every block has its update.
    case sendStored(WireStepStored, attempt: UInt32, measuresMemory: Bool)
    /// Send values and momentum to the coordinator for a checkpoint.
    case snapshot([Key], step: Int)
    /// Send values and momentum to the coordinator for another store, and drop them here; `of` counts the blocks that were held.
    case handOver([Key], of: Int, step: Int)
    /// Copy the values of all registered blocks, and free the memory that was made for the workers of the layout before.
    case collect(step: Int)
    /// Drop updates of older attempts that have not begun.
    case dropUpdates(before: UInt32)
    /// Close the connection of a worker that claimed what is not its own.
    case refuse(Worker, WireError)
    /// Close the connection of a worker whose attempt has ended.
    case close(Worker)
    case end(SessionOutcome)
}
