import NeuralNetwork
import Partition
import Protocol
import RunLog

/// Failures: the attempt ends everywhere, survivors pause, and when every assignment is taken again the run continues from the last
/// committed step.
extension RunState {
    mutating func disconnected(_ id: MemberID, _ reason: String, at now: Double) {
        guard let member = roster[id] else { return }
        if hasEnded { return roster[id] = nil }
        fail(member, because: reason, isFault: true, at: now)
    }

    /// A member is gone, or says that it cannot continue.
    /// - Parameter isFault: False for what it says itself: before the first step it would say the same again.
    mutating func fail(_ member: Member, because reason: String, isFault: Bool, sentence: String? = nil, at now: Double) {
        roster[member.id] = nil
        emit(.finish(member.id))
        guard !hasEnded else { return }
        let remedy = "continue with --resume \(plan.directory)"
        guard let name = member.name else {
            guard member.role == .leaving, holdings.isHolder(member.id), let name = member.lastName else { return }
            let sentence = "\(name) is gone before it had handed over its parameters: \(reason)"
            journal(.failure(Participant(name, member), sentence: sentence))
            end(.lost("\(sentence); \(remedy)"))
            return
        }
        let sentence = sentence ?? "\(name) is gone: \(reason)"
        journal(.failure(Participant(name, member), sentence: sentence))
        if name.role == .store {
            guard canReplaceStores else {
                end(.lost("\(sentence); \(remedy)"))
                return
            }
            forget(name)
            rendezvous.vacate(store: name.rank)
            dropArrivingCheckpoints()
            interrupt(because: sentence, at: now)
            return
        }
        if !isFault, !hasStarted {
            end(.failed("\(name): \(reason)"))
            return
        }
        forget(name)
        rendezvous.vacate(worker: name.rank)
        interrupt(because: sentence, abandons: member.asksToLeave, at: now)
    }

    /// Whether the run can wait for a store that is gone to come back with its parameters. While parameters move from store to store they are
    /// not where the next process would look for them.
    private var canReplaceStores: Bool {
        guard hasStarted, holdings.isComplete else { return false }
        return switch phase {
        case .waiting(let waiting): waiting.pause.change == nil
        case .preparing(let preparing): preparing.pause.change == nil
        case .training: true
        case .closing, .ended: false
        }
    }

    /// Forgets checkpoints of which a store has not sent everything. Another follows at once.
    private mutating func dropArrivingCheckpoints() {
        for step in checkpoints.dropArriving() {
            emit(.dropCheckpoint(step: step))
            ledger.lostSnapshot(of: step)
        }
    }

    /// Ends the attempt: what is not committed is dropped.
    /// - Parameters:
    ///   - isFailure: False where a worker left before there was anything to lose.
    ///   - abandons: Whether a worker is gone that had asked to leave: nobody will take its assignment.
    mutating func interrupt(because reason: String, isFailure: Bool = true, abandons: Bool = false, at now: Double) {
        let committed = ledger.committed
        var next: Waiting
        switch phase {
        case .waiting(let waiting):
            // Somebody was missing already: this is the same incident, and the same deadline holds.
            next = waiting
            if isFailure, case .change(var change) = waiting.pause {
                change.followsFailure = true
                next.pause = .change(change)
            }
        case .preparing(let preparing):
            next = Waiting(
                pause: preparing.pause.afterFailure, deadline: now + plan.limits.joinPatience, reminder: now + 10,
                isStopping: preparing.isStopping, replacesStore: preparing.replacesStore)
            if isFailure { failures.add(committed: committed) }
        case .training(let training):
            next = Waiting(
                pause: .failure(during: nil), deadline: now + plan.limits.joinPatience, reminder: now + 10, isStopping: training.isStopping)
            if isFailure { failures.add(committed: committed) }
        // Nobody is needed any more but the stores.
        case .closing, .ended: return
        }
        attempt += 1
        brokenLinks = []
        guard failures.inARow <= plan.limits.restarts else {
            end(.failed("\(reason); step \(committed + 1) was begun \(failures.inARow) times without success"))
            return
        }
        if abandons { next.abandoned += 1 }
        ledger.abort()
        if holdings.isPlaced { broadcast(.abort(Abort(committed: committed, reason: reason, isPlanned: false, becomesSpare: false))) }
        phase = .waiting(next)
        // No worker need come back to a run that will end: it ends with what is committed.
        guard !next.isStopping || rendezvous.lacksStore else { return }
        if isFailure, let delay = failures.note(reason, committed: committed, at: now) { emit(.wake(after: delay)) }
        promoteSpares(at: now)
    }

    /// Reports the current incident, unless it has been reported or the run will end.
    mutating func reportIncident() {
        guard !isStopping, let incident = failures.report() else { return }
        journal(.paused(step: incident.committed, reasons: incident.reasons))
    }

    /// Reports the current incident if it waits no longer for further failures.
    mutating func reportIncidentIfDue(at now: Double) {
        guard let incident = failures.incident else { return }
        if case .waiting = phase, now < incident.due { return }
        reportIncident()
    }

    // MARK: Broken connections

    /// A member says that a connection of its has broken. Where the other end is gone the coordinator hears of that itself.
    mutating func linkLost(_ lost: WireLinkLost, from name: ProcessName, at now: Double) {
        let delay = 0.3
        let other = "\(lost.role.word) \(lost.rank)"
        brokenLinks.append(
            BrokenLink(
                sentence: "the connection between \(name.short) and \(other) broke: \(PrintableText.sanitized(lost.reason))",
                from: name.short, to: other, due: now + delay))
        emit(.wake(after: delay))
    }

    // MARK: Time

    mutating func tick(at now: Double) {
        remind(at: now)
        guard !hasEnded else { return }
        nameSmallerLayout(at: now)
        shrinkIfDue(at: now)
        if let index = brokenLinks.firstIndex(where: { $0.due <= now }) {
            let broken = brokenLinks.remove(at: index)
            journal(.linkLost(sentence: broken.sentence, from: broken.from, to: broken.to))
            interrupt(because: broken.sentence, at: now)
        }
        if let verdict = health.judge(at: now, healthFacts) { execute(verdict, at: now) }
    }

    /// Says every few seconds who is missing, and gives up after the patience for joining.
    private mutating func remind(at now: Double) {
        guard case .waiting(var waiting) = phase, !waiting.isStopping || rendezvous.lacksStore,
            now >= min(waiting.reminder, waiting.deadline)
        else { return }
        let (workers, stores) = (rendezvous.workersMissing, rendezvous.storesMissing)
        guard now > waiting.deadline else {
            waiting.reminder = now + 10
            phase = .waiting(waiting)
            return journal(.waiting(workers: workers, stores: stores, plan.listen))
        }
        let missing = [
            workers > 0 ? "\(workers) of \(layout.workers) workers" : nil,
            stores > 0 ? "\(stores) \(stores == 1 ? "store" : "stores")" : nil,
        ].compactMap { $0 }.joined(separator: " and ")
        let sentence =
            "\(missing) did not join in \(Int(plan.limits.joinPatience)) seconds; "
            + "start one with: colonnade \(workers > 0 ? "worker" : "store") --coordinator \(plan.listen)"
        giveUpPause(waiting, because: sentence)
    }

    /// What the monitor must know beside heartbeats; nil while somebody is missing: then only silence counts.
    private var healthFacts: HealthMonitor.Facts? {
        var facts = HealthMonitor.Facts(
            attempt: attempt, committed: ledger.committed, granted: ledger.granted, missingWorkers: ledger.missingWorkers,
            missingStores: ledger.missingStores, placement: holdings.placement)
        switch phase {
        case .training(let training):
            facts.validation = ledger.validationDue.map { (step: $0, missing: training.tally.missingValidations(of: $0)) }
        case .preparing(let preparing):
            func ranks(_ members: [Member]) -> [Int] { members.filter { !preparing.ready.contains($0.id) }.compactMap { $0.name?.rank } }
            facts.unready = (ranks(roster.workers), ranks(roster.stores), preparing.since)
        case .waiting, .closing, .ended: return nil
        }
        return facts
    }

    private mutating func execute(_ verdict: Verdict, at now: Double) {
        var facts = ["deadline": "\(verdict.deadline)", "waiting": verdict.waiting.map(\.short).joined(separator: " ")]
        switch verdict.culprit {
        case .connection(let from, let to):
            (facts["from"], facts["to"]) = (from.short, to.short)
            journal(.verdict(sentence: verdict.sentence, facts: facts))
            interrupt(because: verdict.sentence, at: now)
        case .process(let name):
            guard let member = roster.named(name) else { return health.remove(name) }
            let participant = Participant(name, member)
            journal(.verdict(sentence: verdict.sentence, facts: facts.merging(participant.facts) { $1 }))
            send(.evict(reason: "the coordinator took this process for hung: \(verdict.sentence)"), to: member.id)
            // Its supervisor may end it: a process that is stopped does not read that it should.
            journal(.evicted(participant, sentence: verdict.sentence, facts: facts))
            fail(member, because: verdict.sentence, isFault: true, sentence: verdict.sentence, at: now)
            emit(.cancel(member.id, after: 1, reason: "evicted"))
        }
    }
}
