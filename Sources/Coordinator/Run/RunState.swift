import NeuralNetwork
package import Partition
import Platform
import Tensors

/// The coordinator's decisions about a run, as a pure value: what happens goes in, what has to be done comes out. It has no sockets, clocks,
/// files or threads, so tests can drive it through any order of events.
///
/// `handle` takes note of an event and then looks, in `advance`, whether something has become possible. That is the only place that does.
package struct RunState: Sendable {
    package internal(set) var plan: RunPlan
    package internal(set) var phase: Phase
    /// Raised by every failure and every change of layout. Messages of an older attempt mean nothing.
    package internal(set) var attempt: UInt32 = 0
    package internal(set) var roster = Roster()
    package internal(set) var rendezvous: Rendezvous
    package internal(set) var ledger: StepLedger
    package internal(set) var holdings: Holdings
    package internal(set) var layout: ColumnLayout
    package internal(set) var health: HealthMonitor
    var policy: LayoutPolicy
    var failures = FailureHistory()
    var stragglers = StragglerWatch()
    var checkpoints: CheckpointProgress
    /// Broken connections that members have reported in this attempt.
    var brokenLinks: [BrokenLink] = []
    private var effects: [Effect] = []

    /// - Parameter now: Seconds on the coordinator's clock.
    package init(_ plan: RunPlan, at now: Double) throws {
        self.plan = plan
        phase = .waiting(Waiting(pause: .start, deadline: now + plan.limits.joinPatience, reminder: now + 5))
        rendezvous = Rendezvous(
            workers: plan.workers, stores: plan.stores, threads: plan.configuration.recipe.threads,
            datasetFingerprint: plan.dataset.fingerprint, version: Product.version)
        ledger = Self.ledger(plan)
        let blocks = try plan.configuration.network.parameterBlocks()
        holdings = Holdings(blocks)
        checkpoints = CheckpointProgress(
            bytes: blocks.reduce(0) { $0 + 8 * $1.shape.count }, interval: plan.configuration.recipe.checkpoint.seconds)
        layout = plan.layout
        health = try Self.monitor(plan, plan.layout)
        policy = LayoutPolicy(
            columns: plan.layout.columns, slices: plan.configuration.recipe.slices, requested: plan.workers,
            isElastic: plan.limits.isElastic, interval: plan.limits.elasticInterval)
    }

    static func ledger(_ plan: RunPlan) -> StepLedger {
        let base = plan.baseStep
        // Nothing is validated before the first step.
        return StepLedger(
            plan: plan.stepPlan, workers: plan.workers, stores: 1, errors: plan.history.errors(through: base),
            isBaseValidated: base == 0 || plan.start == nil && plan.history.survivingStep == nil || plan.history.isValidated(base))
    }

    static func monitor(_ plan: RunPlan, _ layout: ColumnLayout) throws -> HealthMonitor {
        let programs = try ProgramCompiler(
            network: plan.configuration.network, workers: layout.workers, replicas: layout.replicas,
            batch: plan.configuration.recipe.sliceBatch
        ).programs()
        return HealthMonitor(programs: programs, patience: plan.limits.patience)
    }

    /// Gives members as long to join from here as the plan says.
    package mutating func restartClock(at now: Double) {
        guard case .waiting(var waiting) = phase else { return }
        (waiting.deadline, waiting.reminder) = (now + plan.limits.joinPatience, now + 5)
        phase = .waiting(waiting)
    }

    /// Takes one event.
    /// - Parameter now: Seconds on the coordinator's clock.
    /// - Returns: What has to be done, in this order.
    package mutating func handle(_ input: RunInput, at now: Double) -> [Effect] {
        defer { effects = [] }
        note(input, at: now)
        // A heartbeat makes nothing possible: the next tick judges it.
        if case .heartbeat = input { return effects }
        considerCheckpoint(at: now)
        // Each turn either changes the phase or leaves nothing to do; the limit turns an endless loop into an error that is seen.
        for _ in 0..<64 {
            if !advance(at: now) {
                reportIncidentIfDue(at: now)
                return effects
            }
        }
        end(.failed("the coordinator cannot decide how the run continues; please report this with events.jsonl"))
        return effects
    }

    private mutating func note(_ input: RunInput, at now: Double) {
        switch input {
        case .disconnected(let id, let reason): disconnected(id, reason, at: now)
        case _ where hasEnded: break
        case .joined(let id, let hello, let peer): admit(id, hello, peer, at: now)
        case .message(let id, let attempt, let message): received(message, from: id, attempt: attempt, at: now)
        case .heartbeat(let id, let heartbeat): if let name = roster[id]?.name { health.hear(name, heartbeat, at: now) }
        case .moved(let part, let from): moved(part, from: from)
        case .snapshotArrived(let step): checkpoints.arrived(step)
        case .checkpointWritten(let step, let path):
            checkpoints.written(step)
            journal(.checkpoint(step: step, path: path))
        case .checkpointFailed(let step, let reason, let isPermanent): checkpointFailed(step, reason, isPermanent: isPermanent, at: now)
        case .broken(let reason): end(.failed(reason))
        case .stop: stop("asked to stop", at: now)
        case .command(let command, let origin): received(command, from: origin, at: now)
        case .tick: tick(at: now)
        }
    }

    /// Does the next thing that has become possible.
    /// - Returns: Whether there was one.
    private mutating func advance(at now: Double) -> Bool {
        switch phase {
        case .waiting(let waiting):
            // Values on their way are whole when they have arrived.
            if waiting.isStopping, holdings.isComplete, !rendezvous.lacksStore { return close(at: now) }
            if rendezvous.isComplete { return prepare(waiting, at: now) }
            if case .failure = waiting.pause, !waiting.isStopping, holders(areIn: roster) {
                return considerLayout(abandoned: waiting.abandoned, at: now)
            }
            return false
        case .preparing(let preparing):
            if preparing.isStopping { return holdings.isComplete ? close(at: now) : false }
            let members = roster.participants
            if members.count == layout.workers + rendezvous.stores.count, members.allSatisfy({ preparing.ready.contains($0.id) }) {
                return train(after: preparing, at: now)
            }
            if case .failure(during: nil) = preparing.pause { return considerLayout(abandoned: 0, at: now) }
            return false
        case .training(let training):
            if ledger.isDone {
                guard checkpoints.isIdle else { return false }
                return end(
                    training.isStopping && ledger.last < plan.steps
                        ? .interrupted(step: ledger.committed) : .finished(step: ledger.committed))
            }
            return training.isStopping ? false : considerLayout(abandoned: 0, at: now)
        case .closing:
            guard checkpoints.isIdle else { return false }
            return end(outcomeOfClosing)
        case .ended: return false
        }
    }

    // MARK: Effects

    mutating func emit(_ effect: Effect) { effects.append(effect) }
    mutating func journal(_ entry: JournalEntry) { effects.append(.journal(entry)) }
    mutating func send(_ order: Order, to member: MemberID) { effects.append(.send(order, to: member, attempt: attempt)) }
    mutating func broadcast(_ order: Order) { for member in roster.participants { send(order, to: member.id) } }

    @discardableResult mutating func end(_ outcome: RunOutcome) -> Bool {
        guard !hasEnded else { return false }
        phase = .ended(outcome)
        emit(.end(outcome))
        return true
    }

    // MARK: Facts

    /// Whether every store that has parameters is there.
    private func holders(areIn roster: Roster) -> Bool { !rendezvous.lacksStore && holdings.stores.allSatisfy { roster[$0] != nil } }

    package var hasEnded: Bool { if case .ended = phase { true } else { false } }

    /// Whether a step has been granted, now or in an attempt before.
    package var hasStarted: Bool {
        switch phase {
        case .waiting(let waiting): waiting.pause != .start
        case .preparing(let preparing): preparing.pause != .start
        case .training, .closing: true
        case .ended: holdings.isPlaced
        }
    }

    var isStopping: Bool {
        switch phase {
        case .waiting(let waiting): waiting.isStopping
        case .preparing(let preparing): preparing.isStopping
        case .training(let training): training.isStopping
        case .closing, .ended: true
        }
    }
}

/// A connection between two members that one of them found broken.
struct BrokenLink: Sendable, Equatable {
    let sentence: String
    let from: String
    let to: String
    /// When it counts, unless the other end turns out to be gone first.
    let due: Double
}
