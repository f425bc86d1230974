import Platform
import Settings

/// Keeps the connection to a host: where it breaks, it is made again, on a thread of its own, so that nobody else waits for ssh.
final class HostKeeper: Sendable {
    /// A connection, and the arguments of processes there, such as the place of their certificates.
    struct Connected: Sendable {
        let connection: HostConnection
        let arguments: [String]
    }

    private struct State {
        var connected: Connected
        var isStopped = false
    }

    private let state: Monitor<State>

    init(_ connected: Connected) { state = Monitor(State(connected: connected)) }

    /// The connection that was made last, which may have broken.
    var connected: Connected { state.read { $0.connected } }

    /// Watches the connection until `stop`.
    /// - Parameters:
    ///   - reconnect: Connects and prepares the host, or throws and leaves no connection.
    ///   - report: Called from the keeper's thread.
    func watch(
        reconnect: @escaping @Sendable (HostEntry) throws -> Connected, report: @escaping @Sendable (HostEvent) -> Void
    ) {
        _ = ServiceThread(name: "host") { [self] in
            while let host = lostHost(report) {
                guard let again = connect(to: host, reconnect, report) else { return }
                let isStopped = state.update { state in
                    if !state.isStopped { state.connected = again }
                    return state.isStopped
                }
                guard !isStopped else { return again.connection.close() }
                report(.back(host: host.label))
            }
        }
    }

    func stop() {
        let connection = state.update { state in
            state.isStopped = true
            return state.connected.connection
        }
        connection.wakeWatcher()
    }

    /// Waits for the connection to break.
    /// - Returns: nil after `stop`.
    private func lostHost(_ report: (HostEvent) -> Void) -> HostEntry? {
        let connection = connected.connection
        let reason = connection.waitForBreak { [state] in state.read { $0.isStopped } }
        guard let reason else { return nil }
        report(.lost(host: connection.host.label, reason: reason))
        return connection.host
    }

    private func connect(
        to host: HostEntry, _ reconnect: (HostEntry) throws -> Connected, _ report: (HostEvent) -> Void
    ) -> Connected? {
        var failures = 0
        while !state.read({ $0.isStopped }) {
            do { return try reconnect(host) } catch {
                failures += 1
                let reason = CommandFailure(error)?.description ?? "\(error)"
                if failures == 1 { report(.unreachable(host: host.label, reason: reason)) }
            }
            _ = state.wait(timeout: Backoff.seconds(failures)) { $0.isStopped ? true : nil }
        }
        return nil
    }
}
