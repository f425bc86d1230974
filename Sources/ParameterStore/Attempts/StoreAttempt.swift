import Partition

/// A store's part in one attempt: the connections of its workers, and the steps under way. It is made at a topology and dropped with the
/// attempt, so that nothing of it is left in the next.
package struct StoreAttempt<Connection: AnyObject & Sendable>: Sendable {
    package let number: UInt32
    var workers: [ObjectIdentifier: StoreWorker<Connection>]
    /// Whether the coordinator was sent the message that every block has values.
    var isReady = false
    /// Steps under way whose norms are taken.
    var measured: Set<Int> = []
    package internal(set) var records = StepRecords()

    init(_ number: UInt32, workers: [ObjectIdentifier: StoreWorker<Connection>]) { (self.number, self.workers) = (number, workers) }

    var workersByRank: [StoreWorker<Connection>] { workers.values.sorted { $0.rank < $1.rank } }

    /// Whether memory is being made for a worker.
    var isRegistering: Bool {
        workers.values.contains { if case .registering = $0.progress { true } else { false } }
    }

    /// Returns the workers of a segment, one for each replica, by rank.
    func workers(of segment: SegmentID) -> [StoreWorker<Connection>] {
        workers.values.filter { $0.registration?.segment == segment }.sorted { $0.rank < $1.rank }
    }

    /// Whether a worker of this replica has registered one of these tensors.
    func isTaken(_ keys: [ParameterBlock.Key], replica: Int) -> Bool {
        workers.values.contains { worker in
            guard let other = worker.registration, other.replica == replica else { return false }
            return keys.contains { other.keys.contains($0) }
        }
    }
}
