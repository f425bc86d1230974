/// What a link that was accepted has to do with its listener until it is admitted, and when it ends. On the loop's thread.
final class AdmissionState {
    let limits: ConnectionLimits
    private let id: Int
    private let strangers: PendingConnections
    private let journal: RefusalJournal
    private(set) var isAdmitted = false
    /// Its one frame has come.
    var hasSpoken = false

    init(id: Int, strangers: PendingConnections, journal: RefusalJournal, limits: ConnectionLimits) {
        (self.id, self.strangers, self.journal, self.limits) = (id, strangers, journal, limits)
    }

    func admit() {
        guard !isAdmitted else { return }
        isAdmitted = true
        strangers.admitted(id)
    }

    func isRefused(_ remote: SocketAddress, _ reason: String) { journal.refused(remote, reason) }

    /// - Parameter reason: why a connection that was not admitted has ended; nil where its owner has said so.
    func closed(_ remote: SocketAddress, reason: String?) {
        strangers.closed(id)
        if !isAdmitted, let reason { journal.refused(remote, reason) }
    }
}
