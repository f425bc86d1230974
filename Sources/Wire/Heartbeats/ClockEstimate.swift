/// How far the coordinator's clock is ahead of this process's, from heartbeats and the pulses that answer them: the middle
/// of the shortest round trip of late, off by at most half of it.
package struct ClockEstimate: Sendable {
    /// Round trips that are looked back on, so that a clock that is set or drifts is followed.
    package static let window = 40

    private var trips: [(offset: Int64, uncertainty: UInt64)] = []

    package init() {}

    /// A heartbeat that left at `sent` was answered; nanoseconds since 1970 by this process's clock, and `remote` by the coordinator's.
    package mutating func add(sent: UInt64, remote: UInt64, received: UInt64) {
        // A clock that was set back meanwhile, or an answer to something never asked, tells nothing.
        guard received >= sent, received - sent < 10_000_000_000 else { return }
        let middle = sent + (received - sent) / 2
        let offset = Int64(truncatingIfNeeded: remote &- middle)
        // Half the round trip, and never nought, which stands for nothing known.
        trips.append((offset, max(1, (received - sent) / 2)))
        if trips.count > Self.window { trips.removeFirst() }
    }

    /// Nil before the first answer.
    package var best: (offset: Int64, uncertainty: UInt64)? { trips.min { $0.uncertainty < $1.uncertainty } }
}
