import Security

/// The admission state of an accepted link, which reports admission and closing to its listener. Used on the loop's thread.
final class AdmissionState {
    let limits: ConnectionLimits
    let policy: any AdmissionPolicy
    private let id: Int
    private let connections: PendingConnections
    private let journal: RefusalJournal
    private(set) var isAdmitted = false
    /// Whether the only frame that is allowed before admission has begun.
    var hasReceivedFrame = false

    init(
        id: Int, policy: any AdmissionPolicy, connections: PendingConnections, journal: RefusalJournal, limits: ConnectionLimits
    ) {
        (self.id, self.policy, self.connections) = (id, policy, connections)
        (self.journal, self.limits) = (journal, limits)
    }

    func admit() {
        guard !isAdmitted else { return }
        isAdmitted = true
        connections.admitted(id)
    }

    func refused(_ remote: SocketAddress, _ reason: String) { journal.refused(remote, reason) }

    /// - Parameter reason: why a connection that was not admitted ended; nil if that has been logged already.
    func closed(_ remote: SocketAddress, reason: String?) {
        connections.closed(id)
        if !isAdmitted, let reason { journal.refused(remote, reason) }
    }
}
