import NeuralNetwork

/// Decides which steps may be granted, committed and validated, from what workers and stores have reported. A pure value: reports in,
/// actions out.
///
/// A validation counts when its step is committed and every replica has reported it; until then no later step is committed, and where the
/// rate depends on the validation error none is granted. So a failure can take back a step and its validation only together.
package struct StepLedger: Sendable {
    package enum Action: Equatable, Sendable {
        case grant(step: Int, rate: Float, validate: Bool)
        /// Validate a committed step again: its report was lost with the attempt before, or with the run that is continued.
        case validate(step: Int)
        case commit(step: Int, snapshot: Bool)
        /// Write a checkpoint of the last committed step.
        case snapshot(step: Int)
        /// The validation of this step counts.
        case validated(step: Int)
        /// The validation error has stopped improving: the next step's rate is lower.
        case reduced(step: Int, rate: Float)
        /// The validation error has stopped improving at the last rate: the run ends here.
        case plateau(step: Int)
    }

    /// The number of steps beyond the last committed one that may be under way, so that nobody waits for a commit.
    package static let window = 2

    package let plan: StepPlan
    private var plateau: Plateau?
    private var workers: Int
    /// The number of stores; known once all workers are.
    package var stores: Int
    package private(set) var committed: Int
    package private(set) var granted: Int
    /// The step at which the run ends; lowered by a stop and by a plateau.
    package private(set) var last: Int
    /// The committed step whose validation is missing.
    package private(set) var validationDue: Int?
    /// Whether no further steps are granted, so that the layout can change at the next boundary.
    package var isPaused = false
    /// Whether the next committed step gets a checkpoint, because somebody asked or one is overdue.
    package var wantsSnapshot = false
    /// Whether stores and disk can take another checkpoint. One that is due while they cannot is that of the first step committed once they
    /// can; the checkpoint at the end of a run is always taken.
    package var hasRoomForSnapshot = true
    private var lastSnapshot: Int?
    /// Whether the last step's checkpoint was lost on its way.
    private var needsSnapshot = false
    private var reports = StepReports()
    /// Errors of validations that are complete, by step; nil where no images were validated.
    private var errors: [Int: Double?] = [:]

    /// - Parameters:
    ///   - errors: Validation errors up to the step that a run is continued from, in their order.
    ///   - isBaseValidated: Whether that step's own error is among them, where one is due.
    package init(plan: StepPlan, workers: Int, stores: Int, errors: [Double] = [], isBaseValidated: Bool = true) {
        (self.plan, self.workers, self.stores) = (plan, workers, stores)
        plateau = plan.recipe.schedule.kind == .plateau ? Plateau(plan.recipe.schedule) : nil
        for error in errors { _ = plateau?.observe(error) }
        (committed, granted, last) = (plan.base, plan.base, plan.last)
        if !isBaseValidated, plan.validates(after: plan.base) { validationDue = plan.base }
    }

    /// Ranks of workers and stores whose report is missing before the next step can be committed.
    package var missingWorkers: [Int] { (0..<workers).filter { reports.workers[committed + 1]?.contains($0) != true } }
    package var missingStores: [Int] { (0..<stores).filter { reports.stores[committed + 1]?.contains($0) != true } }

    /// Whether every granted step is committed and validated.
    package var isAtBoundary: Bool { committed == granted && validationDue == nil }
    package var isDone: Bool { committed == last && validationDue == nil }
    /// How often the rate has been reduced because the error had stopped improving.
    package var reductions: Int { plateau?.reductions ?? 0 }

    /// Whether a step is granted and not committed.
    package func isUnderWay(_ step: Int) -> Bool { step > committed && step <= granted }

    /// Whether a validation of a step is awaited.
    package func awaitsValidation(of step: Int) -> Bool {
        plan.validates(after: step) && (step == validationDue || isUnderWay(step)) && errors.index(forKey: step) == nil
    }

    /// Drops everything that is not committed: it will be trained again.
    package mutating func abort() {
        granted = committed
        (reports, errors) = (StepReports(), [:])
    }

    /// Sets the number of workers from here on; at a boundary, after `abort`.
    package mutating func rearrange(workers: Int) {
        self.workers = workers
        isPaused = false
    }

    /// Begins, or continues, in a new attempt.
    package mutating func begin() -> [Action] {
        var actions: [Action] = validationDue.map { [.validate(step: $0)] } ?? []
        if needsSnapshot {
            needsSnapshot = false
            actions += firstSnapshot()
        }
        return actions + advance()
    }

    package mutating func report(worker: Int, step: Int) -> [Action] {
        guard isUnderWay(step) else { return [] }
        reports.workers[step, default: []].insert(worker)
        return advance()
    }

    package mutating func stored(store: Int, step: Int) -> [Action] {
        guard isUnderWay(step) else { return [] }
        reports.stores[step, default: []].insert(store)
        return advance()
    }

    /// Takes the error of a complete validation.
    /// - Parameter error: Nil where no images were validated.
    package mutating func validated(step: Int, error: Double?) -> [Action] {
        guard awaitsValidation(of: step) else { return [] }
        errors.updateValue(error, forKey: step)
        return advance()
    }

    /// Grants no further steps. Those that are granted are trained to the end.
    package mutating func stop() -> [Action] {
        // The last step may be granted already; its checkpoint may have been lost on its way.
        guard last > granted else { return finalSnapshot() }
        last = granted
        return finalSnapshot()
    }

    /// Counts, commits and grants what has become possible.
    package mutating func advance() -> [Action] {
        var actions = countValidation()
        while validationDue == nil, reports.workers[committed + 1]?.count == workers, reports.stores[committed + 1]?.count == stores {
            committed += 1
            (reports.workers[committed], reports.stores[committed]) = (nil, nil)
            if plan.checkpoints(after: committed) { wantsSnapshot = true }
            let isSnapshot = committed == last || wantsSnapshot && hasRoomForSnapshot
            if isSnapshot { (wantsSnapshot, hasRoomForSnapshot, lastSnapshot) = (false, false, committed) }
            actions.append(.commit(step: committed, snapshot: isSnapshot))
            if plan.validates(after: committed) { validationDue = committed }
            actions += countValidation()
        }
        while !isPaused, granted < min(last, committed + Self.window), !rateIsPending {
            granted += 1
            actions.append(
                .grant(step: granted, rate: plan.rate(granted, reductions: reductions), validate: plan.validates(after: granted)))
        }
        return actions
    }

    /// Whether the next step's rate depends on a validation that does not count yet. It must not depend on when the result arrives.
    private var rateIsPending: Bool {
        plateau != nil && (validationDue != nil || (committed + 1..<granted + 1).contains { plan.validates(after: $0) })
    }

    private mutating func countValidation() -> [Action] {
        guard let step = validationDue, let error = errors.removeValue(forKey: step) else { return [] }
        validationDue = nil
        var actions = [Action.validated(step: step)]
        guard let error, committed < last, let verdict = plateau?.observe(error) else { return actions }
        switch verdict {
        case .keep: break
        case .reduce: actions.append(.reduced(step: step, rate: plan.rate(step + 1, reductions: reductions)))
        case .stop:
            last = granted
            actions += [.plateau(step: step)] + finalSnapshot()
        }
        return actions
    }

    /// Takes note of a checkpoint that is lost on its way: another is due at once.
    package mutating func lostSnapshot(of step: Int) {
        if lastSnapshot == step { lastSnapshot = nil }
        (wantsSnapshot, hasRoomForSnapshot) = (true, true)
        needsSnapshot = needsSnapshot || committed == last
    }

    /// Writes a checkpoint of the step that the run starts from.
    package mutating func firstSnapshot() -> [Action] {
        lastSnapshot = committed
        return [.snapshot(step: committed)]
    }

    /// The checkpoint of a step could not be written.
    package mutating func snapshotFailed(_ step: Int) { if lastSnapshot == step { lastSnapshot = nil } }

    /// Writes a checkpoint of the last step, unless there is one.
    package mutating func finalSnapshot() -> [Action] {
        guard committed == last, lastSnapshot != last else { return [] }
        lastSnapshot = last
        return [.snapshot(step: last)]
    }
}

/// The ranks that have reported the steps that are under way, by step.
private struct StepReports: Sendable {
    var workers: [Int: Set<Int>] = [:]
    var stores: [Int: Set<Int>] = [:]
}
