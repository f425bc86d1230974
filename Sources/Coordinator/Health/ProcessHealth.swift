import Platform
package import Protocol

/// The health of one process, as the coordinator knows it from heartbeats.
package struct ProcessHealth: Sendable {
    package let process: ProcessName
    /// When the last heartbeat came, on the coordinator's clock.
    package private(set) var heard: Double
    package private(set) var heartbeat = WireHeartbeat()
    private var gaps = DurationEstimate()

    package init(_ process: ProcessName, heard: Double) { (self.process, self.heard) = (process, heard) }

    package mutating func hear(_ heartbeat: WireHeartbeat, at now: Double) {
        gaps.add(now - heard)
        (self.heartbeat, heard) = (heartbeat, now)
    }

    /// Forgives time in which the coordinator itself did not run.
    package mutating func shift(_ seconds: Double) { heard += seconds }

    /// Seconds without a heartbeat.
    package func silence(_ now: Double) -> Double { now - heard }

    /// Seconds without a heartbeat that are too many.
    package func silenceLimit(_ patience: Double) -> Double { max(patience, 4 * gaps.most) }

    /// Seconds that the instruction under way may take. One without a history may take what a first step takes.
    package func limit(_ patience: Double) -> Double {
        heartbeat.usual > 0 ? max(patience, 4 * heartbeat.usual) : max(60, 12 * patience)
    }
}

/// A process of a run, as messages name it.
package struct ProcessName: Hashable, Sendable, CustomStringConvertible {
    package enum Role: String, Sendable { case worker, store }

    package let role: Role
    package let rank: Int
    package let host: String
    package let processID: Int

    package init(role: Role, rank: Int, host: String, processID: Int) {
        (self.role, self.rank, self.host, self.processID) = (role, rank, host, processID)
    }

    /// `worker 1`
    package var short: String { "\(role.rawValue) \(rank)" }
    package var description: String { "\(short) on \(host) (process \(processID))" }
}
