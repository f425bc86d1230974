import NeuralNetwork

/// Who has done what for which step, and so which steps may be granted and committed. No sockets: reports in,
/// actions out.
package struct StepLedger {
    package enum Action: Equatable {
        case grant(step: Int, rate: Float, validate: Bool)
        case commit(step: Int, snapshot: Bool)
    }

    /// Steps that may be under way beyond the last that is committed, so that nobody waits for a commit.
    package static let window = 2

    private let plan: StepPlan
    private var plateau: Plateau?
    /// Steps that are to be validated and whose error the next rate depends on.
    private var awaitsValidation: Int?
    private var workers: Int
    /// Set before the first step, and with a layout: which hosts need one is known when all workers are.
    package var stores: Int
    package private(set) var committed: Int
    package private(set) var granted: Int
    /// Where the run ends; lowered when it is asked to stop.
    package private(set) var last: Int
    /// No further steps are granted, so that a boundary comes at which the layout can change.
    package var isPaused = false
    /// Somebody asks for a checkpoint of the next step that is committed.
    package var wantsSnapshot = false
    private var reports: [Int: Set<Int>] = [:]
    private var stored: [Int: Set<Int>] = [:]

    /// - Parameters:
    ///   - errors: of the validations up to the step that a run is continued from, in their order.
    ///   - isBaseValidated: whether that step's own is among them, where one is due.
    package init(plan: StepPlan, workers: Int, stores: Int, errors: [Double] = [], isBaseValidated: Bool = true) {
        (self.plan, self.workers, self.stores) = (plan, workers, stores)
        plateau = plan.recipe.schedule.kind == .plateau ? Plateau(plan.recipe.schedule) : nil
        for error in errors { _ = plateau?.observe(error) }
        (committed, granted, last) = (plan.base, plan.base, plan.last)
        if plateau != nil, !isBaseValidated, plan.validates(after: plan.base), plan.base < plan.last { awaitsValidation = plan.base }
    }

    /// Workers and stores whose word is missing before the next step can be committed.
    package var missingWorkers: [Int] { (0..<workers).filter { reports[committed + 1]?.contains($0) != true } }
    package var missingStores: [Int] { (0..<stores).filter { stored[committed + 1]?.contains($0) != true } }

    /// A process was lost: whatever is not committed is trained again.
    /// - Parameter validated: whether the last committed step's validation is there, where one is due.
    package mutating func abort(validated: Bool) {
        granted = committed
        (reports, stored) = ([:], [:])
        if awaitsValidation != committed || validated { awaitsValidation = nil }
    }

    /// Nothing is under way: every step that was granted is committed.
    package var isAtBoundary: Bool { committed == granted }

    /// Other workers train from here on. At a boundary, after `abort`.
    package mutating func rearrange(workers: Int) {
        self.workers = workers
        isPaused = false
    }

    /// Whether a step is granted and not committed: reports of others mean nothing.
    package func isUnderWay(_ step: Int) -> Bool { step > committed && step <= granted }

    package var isDone: Bool { committed == last }

    package mutating func report(worker: Int, step: Int) -> [Action] {
        guard isUnderWay(step) else { return [] }
        reports[step, default: []].insert(worker)
        return advance()
    }

    package mutating func stored(store: Int, step: Int) -> [Action] {
        guard isUnderWay(step) else { return [] }
        stored[step, default: []].insert(store)
        return advance()
    }

    /// The validation error after a step is known.
    package mutating func validated(step: Int, error: Double) -> [Action] {
        guard step == awaitsValidation else { return [] }
        awaitsValidation = nil
        if plateau?.observe(error) == .stop {
            last = granted
            return committed == last ? [.commit(step: last, snapshot: true)] : []
        }
        return advance()
    }

    /// How often the rate has been reduced because the error had stopped improving.
    package var reductions: Int { plateau?.reductions ?? 0 }

    /// Grants no further steps; those that are granted are trained to the end.
    package mutating func stop() -> [Action] {
        guard last > granted else { return [] }
        last = granted
        return committed == last ? [.commit(step: last, snapshot: true)] : []
    }

    /// Grants what may be granted, commits what may be committed.
    package mutating func advance() -> [Action] {
        var actions: [Action] = []
        while reports[committed + 1]?.count == workers, stored[committed + 1]?.count == stores {
            committed += 1
            reports[committed] = nil
            stored[committed] = nil
            actions.append(
                .commit(step: committed, snapshot: wantsSnapshot || committed == last || plan.checkpoints(after: committed)))
            wantsSnapshot = false
        }
        while !isPaused, granted < min(last, committed + Self.window), awaitsValidation == nil {
            granted += 1
            let rate = plan.rate(granted, reductions: reductions)
            let validate = plan.validates(after: granted)
            actions.append(.grant(step: granted, rate: rate, validate: validate))
            // The next step's rate depends on this validation; it must not depend on when its result arrives.
            if validate, plateau != nil, granted < last { awaitsValidation = granted }
        }
        return actions
    }
}
