import Protocol
import Transport

/// A worker's connection, for one attempt.
final class WorkerLink {
    let link: Link
    let isLocal: Bool
    let attempt: UInt32
    /// In the layout of its attempt, which the worker may have heard of before the store.
    let rank: Int
    /// Known once its tensors are registered.
    var replica = 0
    /// Gradients that its replica contributes.
    var contributions = 0..<0
    /// Waits until the values that it asks for are known.
    var register: WireRegister?
    var segment: StoreSegment?
    /// The worker has memory for its values to land in.
    var isReady = false
    init(_ link: Link, isLocal: Bool, attempt: UInt32, rank: Int) {
        (self.link, self.isLocal, self.attempt, self.rank) = (link, isLocal, attempt, rank)
    }
}
