import Platform

/// Logs refused connections at a bounded rate, so that neither a flood nor a process that tries again and again fills the log.
///
/// Refusals of one host for one reason are the same, whatever their ports: only the first of a minute is written, and the next one says how
/// many there were between.
package final class RefusalJournal: Sendable {
    private struct Kind: Hashable {
        var host: String
        var reason: String
    }

    private struct State {
        /// Lines that may be written now; grows by one per second, up to `burst`.
        var allowance: Double
        var last: Double
        var suppressed = 0
        /// When a refusal of each kind was last written, and how many like it have come since.
        var recent: [Kind: (written: Double, count: Int)] = [:]
    }

    private static let burst = 20.0
    /// Seconds within which equal refusals are counted instead of written.
    private static let interval = 60.0
    /// The kinds that are remembered; a peer chooses neither its host nor, but for a few words, the reason.
    private static let kindLimit = 256
    private let write: @Sendable (String) -> Void
    private let state = Monitor(State(allowance: burst, last: 0))

    package init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    package func refused(_ address: SocketAddress, _ reason: String) { refused(address, reason, now: MonotonicClock.now) }

    package func refused(_ address: SocketAddress, _ reason: String, now: Double) {
        let kind = Kind(host: address.host, reason: String(reason.prefix(200)))
        let counts: (suppressed: Int, equal: Int)? = state.update { state in
            if state.last > 0 { state.allowance = min(Self.burst, state.allowance + now - state.last) }
            state.last = now
            if let found = state.recent[kind], now - found.written < Self.interval {
                state.recent[kind]?.count += 1
                return nil
            }
            guard state.allowance >= 1 else {
                state.suppressed += 1
                return nil
            }
            state.allowance -= 1
            let equal = state.recent[kind]?.count ?? 0
            if state.recent.count >= Self.kindLimit {
                state.recent = state.recent.filter { $0.value.count > 0 && now - $0.value.written < 2 * Self.interval }
                if state.recent.count >= Self.kindLimit { state.recent = [:] }
            }
            state.recent[kind] = (now, 0)
            defer { state.suppressed = 0 }
            return (state.suppressed, equal)
        }
        guard let counts else { return }
        let equal = counts.equal > 0 ? " (and \(counts.equal) more like it since the last message)" : ""
        let others = counts.suppressed > 0 ? " (and \(counts.suppressed) others before it)" : ""
        write("a connection from \(address) was refused: \(reason)\(equal)\(others)")
    }
}
