import Wire

/// A worker's connection, for one attempt.
final class WorkerLink {
    let link: Link
    let isLocal: Bool
    let attempt: UInt32
    let replica: Int
    /// Gradients that its replica contributes.
    let contributions: Range<Int>
    /// Waits until the values that it asks for are known.
    var register: WireRegister?
    var segment: StoreSegment?
    /// The worker has memory for its values to land in.
    var isReady = false
    init(_ link: Link, isLocal: Bool, attempt: UInt32, replica: Int, contributions: Range<Int>) {
        (self.link, self.isLocal, self.attempt, self.replica) = (link, isLocal, attempt, replica)
        self.contributions = contributions
    }
}
