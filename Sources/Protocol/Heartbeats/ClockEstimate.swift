/// An estimate of how far the coordinator's clock is ahead of this process's, from heartbeats and their pulses. It assumes
/// that the pulse was sent in the middle of the shortest recent round trip, so it errs by at most half of that trip.
package struct ClockEstimate: Sendable {
    /// The number of recent round trips considered. Older ones are dropped, so that a clock that is set or drifts is followed.
    package static let window = 40

    private var trips: [(offset: Int64, uncertainty: UInt64)] = []

    package init() {}

    /// Adds a round trip. All times are in nanoseconds since 1970.
    /// - Parameters:
    ///   - sent: when the heartbeat was sent, by this process's clock.
    ///   - remote: when the pulse was sent, by the coordinator's clock.
    ///   - received: when the pulse was received, by this process's clock.
    package mutating func add(sent: UInt64, remote: UInt64, received: UInt64) {
        // Implausible round trips are dropped: the clock was set meanwhile, or the pulse answers no heartbeat.
        guard received >= sent, received - sent < 10_000_000_000 else { return }
        let middle = sent + (received - sent) / 2
        let offset = Int64(truncatingIfNeeded: remote &- middle)
        // Half the round trip, but at least 1, since an uncertainty of 0 means that there is no estimate.
        trips.append((offset, max(1, (received - sent) / 2)))
        if trips.count > Self.window { trips.removeFirst() }
    }

    /// The estimate from the shortest recent round trip, in nanoseconds; nil before the first one.
    package var best: (offset: Int64, uncertainty: UInt64)? { trips.min { $0.uncertainty < $1.uncertainty } }
}
