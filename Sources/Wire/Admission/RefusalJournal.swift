import Threading

/// Refusals in words, at a bounded rate: a flood fills neither the log nor the disk.
package final class RefusalJournal: Sendable {
    private struct State {
        /// Lines that may be written now; one more comes each second.
        var allowance: Double
        var last: Double
        var silent = 0
    }

    private static let burst = 20.0
    private let say: @Sendable (String) -> Void
    private let state = Monitor(State(allowance: burst, last: 0))

    package init(_ say: @escaping @Sendable (String) -> Void) { self.say = say }

    func refused(_ address: SocketAddress, _ reason: String) { refused(address, reason, now: MonotonicClock.now) }

    package func refused(_ address: SocketAddress, _ reason: String, now: Double) {
        let silent: Int? = state.update { state in
            if state.last > 0 { state.allowance = min(Self.burst, state.allowance + now - state.last) }
            state.last = now
            guard state.allowance >= 1 else {
                state.silent += 1
                return nil
            }
            state.allowance -= 1
            defer { state.silent = 0 }
            return state.silent
        }
        guard let silent else { return }
        let others = silent > 0 ? " (and \(silent) others before it)" : ""
        say("a connection from \(address) was refused: \(reason)\(others)")
    }
}
