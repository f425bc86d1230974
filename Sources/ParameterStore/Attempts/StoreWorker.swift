import Platform
import Protocol
import Security
import Transport
import Partition

/// A worker's connection to a store, for one attempt, and how far the worker has come.
/// - Parameter Connection: A `Link`, or a stand-in for one in tests.
package struct StoreWorker<Connection: AnyObject & Sendable>: Sendable {
    package let connection: Connection
    package let attempt: UInt32
    /// The rank in the layout of its attempt, which the worker may have heard of before the store.
    package let rank: Int
    /// Whether the worker is on the store's host and maps its memory.
    package let isLocal: Bool
    var progress = Progress.connected

    enum Progress: Sendable {
        case connected
        /// The worker has registered its tensors, and waits until their values are known.
        case waiting(WireRegister)
        /// Memory is being made for its tensors.
        case registering(Registration)
        /// The worker has memory in the store, and is ready once its own memory can take values.
        case registered(Registration, isReady: Bool)
    }

    init(_ connection: Connection, attempt: UInt32, rank: Int, isLocal: Bool) {
        (self.connection, self.attempt, self.rank, self.isLocal) = (connection, attempt, rank, isLocal)
    }

    var id: ObjectIdentifier { ObjectIdentifier(connection) }

    /// The tensors that have memory; nil before.
    var registration: Registration? { if case .registered(let registration, _) = progress { registration } else { nil } }
}

/// The tensors of a worker's columns, and the gradients of them that its replica contributes.
struct Registration: Sendable {
    let keys: Set<ParameterBlock.Key>
    let segment: SegmentID
    let replica: Int
    let contributions: Range<Int>
}

/// The identity of the memory of one worker's columns, which workers of other replicas and later attempts share.
package struct SegmentID: Hashable, Sendable {
    let number: Int

    package init(number: Int) { self.number = number }
}
