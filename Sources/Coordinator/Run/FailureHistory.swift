/// The failures of a run: those of the current incident, and how often in a row the run has been taken back to the same step.
package struct FailureHistory: Equatable {
    private var step = -1
    package private(set) var inARow = 0
    /// Nil while nothing has failed since training began or continued.
    package private(set) var incident: Incident?

    package init() {}

    /// Counts an incident: everything that fails before all members are ready again belongs to it.
    /// - Parameter committed: the step that the run is taken back to.
    package mutating func add(committed: Int) {
        inARow = committed == step ? inARow + 1 : 1
        step = committed
        incident = nil
    }

    /// Adds a failure to the incident, or begins one.
    /// - Parameters:
    ///   - reason: a sentence that names the process or the connection.
    ///   - committed: the step that the run is taken back to.
    ///   - now: seconds on the coordinator's clock.
    /// - Returns: seconds until the incident can be reported; nil if it began before.
    package mutating func note(_ reason: String, committed: Int, at now: Double) -> Double? {
        var current = incident ?? Incident(committed: committed, due: now + Incident.delay)
        if !current.isReported { current.reasons.append(reason) }
        defer { incident = current }
        return incident == nil ? Incident.delay : nil
    }

    /// Returns the incident if it has not been reported yet, and notes that it is reported now.
    package mutating func report() -> Incident? {
        guard var current = incident, !current.isReported else { return nil }
        current.isReported = true
        incident = current
        return current
    }

    /// Ends the incident, because training continues.
    package mutating func endIncident() { incident = nil }
}

/// Failures that pause a run together, such as those of all processes of a host. They are reported once. The failures of processes
/// that end together reach the coordinator one by one, and silent ones are evicted one by one, so the report waits a moment for all of them.
package struct Incident: Sendable, Equatable {
    /// Seconds from the first failure to the report.
    package static let delay = 1.0

    /// The step that the run is taken back to.
    package let committed: Int
    /// A sentence for each failure before the report, which names the process or the connection.
    package fileprivate(set) var reasons: [String] = []
    /// When the incident is reported at the latest; seconds on the coordinator's clock.
    package let due: Double
    fileprivate(set) var isReported = false

    fileprivate init(committed: Int, due: Double) { (self.committed, self.due) = (committed, due) }
}
