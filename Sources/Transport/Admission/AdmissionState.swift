import Security

/// The admission state of an accepted link, which reports admission and closing to its listener. Used on the loop's thread.
final class AdmissionState {
    let policy: any AdmissionPolicy
    private let limits: ConnectionLimits
    private let id: Int
    private let connections: PendingConnections
    private let journal: RefusalJournal
    private(set) var isAdmitted = false
    /// Whether the only frame that is allowed before admission has begun.
    private var hasReceivedFrame = false

    init(
        id: Int, policy: any AdmissionPolicy, connections: PendingConnections, journal: RefusalJournal, limits: ConnectionLimits
    ) {
        (self.id, self.policy, self.connections) = (id, policy, connections)
        (self.journal, self.limits) = (journal, limits)
    }

    /// Returns where to read the payload of a frame from a pending connection, which may send only one control frame, of bounded size.
    /// - Throws: `WireError` for any other frame.
    func destination(for header: FrameHeader) throws -> PayloadDestination {
        guard header.kind == .control, !hasReceivedFrame else {
            throw WireError(.malformed, "it sent a \(header.kind) frame before it was admitted")
        }
        hasReceivedFrame = true
        return .bytes(limit: limits.helloBytes)
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
