/// Checkpoints whose blocks are on their way, those that are being written, and when the next is due beside those by steps: by time, and
/// again after one that could not be written. A pure value; times are seconds on the coordinator's clock.
///
/// Both are bounded, because each has all values and momentum in memory: one at a time is copied by the stores, and as many wait for the disk
/// as fit in a gigabyte, at least two.
package struct CheckpointProgress: Sendable, Equatable {
    /// A checkpoint of the last step that could not be written.
    private struct LastStep: Sendable, Equatable {
        let step: Int
        /// When it is given up.
        let deadline: Double
        /// When it is tried again; nil while a try is under way.
        var due: Double?
    }

    /// The time from a failure to the next try.
    package static let retryDelay = 30.0
    /// The time between tries at the end of a run, and the time after which it ends without the checkpoint.
    package static let lastStepDelay = 3.0
    package static let lastStepPatience = 30.0
    private static let reminderInterval = 60.0

    /// The longest time between the begins of two checkpoints; nil for none.
    private let interval: Double?
    /// The most checkpoints that wait for the disk.
    private let limit: Int
    private var arriving: Set<Int> = []
    private var writing: Set<Int> = []
    /// When the last one was begun, or training began.
    private var begun: Double?
    /// When the next is tried after a failure.
    private var retry: Double?
    private var lastStep: LastStep?
    private var lastTold: Double?

    /// - Parameters:
    ///   - bytes: Of a checkpoint.
    ///   - interval: The longest time between the begins of two; nil for none.
    package init(bytes: Int, interval: Double? = nil) {
        (self.interval, limit) = (interval, min(16, max(2, (1 << 30) / max(1, bytes))))
    }

    // MARK: Events

    /// Training begins.
    package mutating func start(at now: Double) { if begun == nil { begun = now } }

    package mutating func begin(_ step: Int, at now: Double) {
        arriving.insert(step)
        (begun, retry) = (now, nil)
    }

    package mutating func arrived(_ step: Int) { if arriving.remove(step) != nil { writing.insert(step) } }

    /// Forgets checkpoints of which not everything has come.
    /// - Returns: Their steps.
    package mutating func dropArriving() -> [Int] {
        defer { arriving = [] }
        return arriving.sorted()
    }

    package mutating func written(_ step: Int) {
        writing.remove(step)
        lastTold = nil
        if lastStep?.step == step { lastStep = nil }
    }

    /// A checkpoint could not be written.
    /// - Parameter isLast: Whether it is of the run's last step, which no other follows.
    /// - Returns: Whether another is tried.
    package mutating func failed(_ step: Int, isLast: Bool, at now: Double) -> Bool {
        writing.remove(step)
        guard isLast else {
            retry = now + Self.retryDelay
            return true
        }
        let deadline = lastStep.flatMap { $0.step == step ? $0.deadline : nil } ?? now + Self.lastStepPatience
        guard now < deadline else {
            lastStep = nil
            return false
        }
        lastStep = LastStep(step: step, deadline: deadline, due: now + Self.lastStepDelay)
        return true
    }

    /// Returns whether a failure is told now: the first one, and one a minute.
    package mutating func tells(at now: Double) -> Bool {
        guard lastTold.map({ now - $0 >= Self.reminderInterval }) ?? true else { return false }
        lastTold = now
        return true
    }

    /// Returns whether the checkpoint of the last step is tried again now.
    package mutating func retriesLastStep(at now: Double) -> Bool {
        guard let due = lastStep?.due, due <= now else { return false }
        lastStep?.due = nil
        return true
    }

    // MARK: Facts

    /// Whether no checkpoint is begun now, unless it is the last step's: one has failed a moment ago, or as many as memory allows are under
    /// way.
    package func isPostponed(at now: Double) -> Bool {
        !hasRoom || retry.map { now < $0 } ?? false
    }

    /// Whether the next committed step gets a checkpoint because of the time.
    package func isDue(at now: Double) -> Bool {
        if let retry { return now >= retry }
        guard let interval, let begun else { return false }
        return now - begun >= interval
    }

    /// Whether stores may still be sending; the disk may be writing.
    package var hasArrived: Bool { arriving.isEmpty }
    package var isIdle: Bool { arriving.isEmpty && writing.isEmpty && lastStep?.due == nil }
    /// Whether another checkpoint may be begun.
    package var hasRoom: Bool { arriving.isEmpty && writing.count < limit }
}
