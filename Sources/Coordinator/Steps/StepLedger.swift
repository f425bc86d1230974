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
    private let workers: Int
    private let stores: Int
    package private(set) var committed: Int
    package private(set) var granted: Int
    /// Where the run ends; lowered when it is asked to stop.
    package private(set) var last: Int
    private var reports: [Int: Set<Int>] = [:]
    private var stored: [Int: Set<Int>] = [:]

    package init(plan: StepPlan, workers: Int, stores: Int) {
        (self.plan, self.workers, self.stores) = (plan, workers, stores)
        (committed, granted, last) = (plan.base, plan.base, plan.last)
    }

    package var isDone: Bool { committed == last }

    package mutating func report(worker: Int, step: Int) -> [Action] {
        guard step > committed, step <= granted else { return [] }
        reports[step, default: []].insert(worker)
        return advance()
    }

    package mutating func stored(store: Int, step: Int) -> [Action] {
        guard step > committed, step <= granted else { return [] }
        stored[step, default: []].insert(store)
        return advance()
    }

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
                .commit(step: committed, snapshot: committed == last || plan.checkpoints(after: committed)))
        }
        while granted < min(last, committed + Self.window) {
            granted += 1
            actions.append(.grant(step: granted, rate: plan.rate(granted), validate: plan.validates(after: granted)))
        }
        return actions
    }
}
