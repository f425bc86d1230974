import Platform

/// Logs refused connections at a bounded rate, so that a flood fills neither the log nor the disk.
package final class RefusalJournal: Sendable {
    private struct State {
        /// Lines that may be written now; grows by one per second, up to `burst`.
        var allowance: Double
        var last: Double
        var suppressed = 0
    }

    private static let burst = 20.0
    private let write: @Sendable (String) -> Void
    private let state = Monitor(State(allowance: burst, last: 0))

    package init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    package func refused(_ address: SocketAddress, _ reason: String) { refused(address, reason, now: MonotonicClock.now) }

    package func refused(_ address: SocketAddress, _ reason: String, now: Double) {
        let suppressed: Int? = state.update { state in
            if state.last > 0 { state.allowance = min(Self.burst, state.allowance + now - state.last) }
            state.last = now
            guard state.allowance >= 1 else {
                state.suppressed += 1
                return nil
            }
            state.allowance -= 1
            defer { state.suppressed = 0 }
            return state.suppressed
        }
        guard let suppressed else { return }
        let others = suppressed > 0 ? " (and \(suppressed) others before it)" : ""
        write("a connection from \(address) was refused: \(reason)\(others)")
    }
}
