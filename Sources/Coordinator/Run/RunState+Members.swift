import NeuralNetwork
import Partition
import Protocol

/// Joining and getting ready.
extension RunState {
    mutating func admit(_ id: MemberID, _ hello: WireHello, _ peer: PeerAddress, at now: Double) {
        let verdict = rendezvous.admit(hello)
        let place = "\(hello.hostName) (\(peer.text), process \(hello.processID))"
        switch verdict {
        case .refused(let reason):
            send(.refuse(reason), to: id)
            emit(.finish(id))
            journal(.refused("a \(hello.role.word) on \(place) was refused: \(reason)"))
        case .spare:
            roster[id] = Member(id, hello, peer, .spare)
            journal(.spare(place: place))
        case .worker(let rank, let startsStore): welcome(Member(id, hello, peer, .worker(rank: rank)), startsStore: startsStore, at: now)
        case .store(let rank): welcome(Member(id, hello, peer, .store(rank: rank)), at: now)
        }
    }

    /// Takes in a member that had no assignment.
    mutating func welcome(_ member: Member, startsStore: Bool = false, at now: Double) {
        roster[member.id] = member
        guard let name = member.name else { return }
        assign(member, startsStore: startsStore)
        health.add(name, at: now)
        // A replacement is journaled after what it replaces.
        reportIncident()
        journal(.joined(Participant(name, member), peer: member.peer.facts))
        recordParticipation(isNewLayout: false)
    }

    /// Sends a member its assignment.
    mutating func assign(_ member: Member, startsStore: Bool = false) {
        guard let name = member.name else { return }
        send(.welcome(Assignment(rank: name.rank, layout: layout, startsStore: startsStore)), to: member.id)
    }

    mutating func recordParticipation(isNewLayout: Bool) {
        emit(.record(Participation(layout: layout, members: roster.participants, isNewLayout: isNewLayout)))
    }

    /// Gives assignments that have become free to spares.
    mutating func promoteSpares(at now: Double) {
        for spare in roster.spares where rendezvous.workersMissing > 0 {
            guard case .worker(let rank, let startsStore) = rendezvous.admit(spare.hello) else { continue }
            var member = spare
            member.role = .worker(rank: rank)
            welcome(member, startsStore: startsStore, at: now)
        }
    }

    /// Everybody is here: sends the topology, with which a new attempt begins.
    mutating func prepare(_ waiting: Waiting, at now: Double) -> Bool {
        let isFirst = !holdings.isPlaced
        if isFirst {
            takeOver()
            groupByHost(at: now)
        }
        // Parameters stay with the stores that have them.
        let isPlaced = holdings.isPlaced
        var needsValues = isFirst && !isPlaced
        if isFirst, isPlaced {
            rendezvous.resolveStores()
            ledger.stores = rendezvous.stores.count
        }
        if case .change = waiting.pause { needsValues = true }
        let isReplaced = !isFirst && !holdings.stores.allSatisfy { roster[$0] != nil }
        let replacesStore = isReplaced || waiting.replacesStore
        phase = .preparing(
            Preparing(pause: waiting.pause, since: now, isStopping: waiting.isStopping, replacesStore: replacesStore))
        if isReplaced, !adoptParameters() { return true }
        if needsValues {
            rendezvous.resolveStores()
            ledger.stores = rendezvous.stores.count
            placeValues(changesLayout: waiting.pause.change.map { $0.before != layout } ?? false)
            guard !hasEnded else { return true }
        }
        let isTakenOver = plan.history.survivingStep != nil && waiting.pause == .start
        broadcast(
            .topology(
                Topology(
                    base: ledger.committed, restores: plan.start != nil || isTakenOver || waiting.pause != .start,
                    recovers: isTakenOver || replacesStore, workers: roster.workers.map(\.id),
                    stores: roster.stores.map(\.id), placement: holdings.placement)))
        if isFirst, plan.start != nil, plan.history.survivingStep == nil { emit(.restoreStartingValues(holders: holdings.holders)) }
        return true
    }

    /// Stores have come in the place of others that are gone: each must have the parameters of the one before it.
    /// - Returns: False if some are lost; then the run has ended.
    mutating func adoptParameters() -> Bool {
        let step = ledger.committed
        let present = Set(roster.stores.map(\.id))
        let missing = holdings.blocks.map(\.key).filter { key in holdings.holders[key].map { !present.contains($0) } ?? true }
        let offers = roster.stores.map { (store: $0.id, offer: $0.hello.offer) }
        guard let holders = SurvivingShards.holders(of: missing, after: step, offers, run: plan.run) else {
            end(
                .lost(
                    "a store came back without its parameters after step \(step); the last checkpoint counts: continue with "
                        + "--resume \(plan.directory)"))
            return false
        }
        holdings.adopt(holders, stores: roster.stores.map(\.id))
        return true
    }

    /// Takes the run up where the coordinator before has left it: from the last committed step if the stores still have it, otherwise from the
    /// last checkpoint.
    private mutating func takeOver() {
        guard let run = plan.history.survivingRun else { return }
        let offers = roster.stores.map { (store: $0.id, offer: $0.hello.offer) }
        // A process that still listens to the coordinator before ignores what belongs to a newer attempt, and the other way round.
        attempt = (offers.map(\.offer.attempt).max() ?? 0) &+ 1
        let last = min(plan.steps, plan.history.recordedStep ?? plan.steps)
        let surviving = SurvivingShards(
            offers, run: run, blocks: holdings.blocks.map(\.key), steps: plan.baseStep...max(plan.baseStep, last))
        if let surviving {
            plan.history.survivingStep = surviving.step
            ledger = Self.ledger(plan)
            holdings.adopt(surviving.holders, stores: roster.stores.map(\.id))
        }
        emit(.keepLines(through: plan.baseStep))
        journal(
            .restarted(
                step: plan.baseStep, reason: plan.history.restartReason ?? "the coordinator is another one",
                fromMemory: surviving != nil))
    }

    /// Gives the workers of a host ranks that follow each other, in whatever order they joined: the workers of a replica exchange activations all the
    /// time, replicas gradients and values once a step.
    private mutating func groupByHost(at now: Double) {
        let workers = roster.workers
        guard layout.replicas > 1, workers.count == layout.workers else { return }
        let order = Rendezvous.grouped(workers.map(\.hello.hostIdentity))
        let moved = order.indices.filter { order[$0] != $0 }
        guard !moved.isEmpty else { return }
        rendezvous.rearrange(workers: order.map { workers[$0].hello }, stores: rendezvous.stores)
        for rank in moved { if let name = workers[rank].name { forget(name) } }
        for rank in moved {
            var member = workers[order[rank]]
            member.role = .worker(rank: rank)
            roster[member.id] = member
            assign(member)
            if let name = member.name { health.add(name, at: now) }
        }
        recordParticipation(isNewLayout: true)
        journal(.grouped(workers: moved.count))
    }

    /// Training begins, or continues: everybody is ready for the attempt.
    mutating func train(after preparing: Preparing, at now: Double) -> Bool {
        reportIncident()
        failures.endIncident()
        phase = .training(Training(tally: StepTally(plan.stepPlan, layout: layout, at: now)))
        switch preparing.pause {
        case .start:
            journal(.started(from: plan.baseStep, last: plan.steps))
            if ledger.committed == 0, plan.configuration.recipe.checkpoint.every != 0 { perform(ledger.firstSnapshot(), at: now) }
            // The coordinator before may have ended before it had written the checkpoint.
            if plan.history.survivingStep != nil, ledger.committed > 0, plan.stepPlan.checkpoints(after: ledger.committed) {
                perform(ledger.firstSnapshot(), at: now)
            }
        case .failure(let change):
            journal(.resumed(step: ledger.committed, attempt: attempt))
            if let change { recordChange(change, at: now) }
        case .change(let change):
            if change.followsFailure { journal(.resumed(step: ledger.committed, attempt: attempt)) }
            recordChange(change, at: now)
        }
        perform(ledger.begin(), at: now)
        return true
    }

    private mutating func recordChange(_ change: LayoutChange, at now: Double) {
        let instead = layout == change.before ? "" : " instead of \(change.before)"
        let seconds = "\(((now - change.since) * 1000).rounded() / 1000)"
        journal(
            .layout(
                sentence: "continues after step \(ledger.committed) with \(layout)\(instead): \(change.reason)",
                facts: [
                    "step": "\(ledger.committed)", "attempt": "\(attempt)", "workers": "\(layout.workers)",
                    "replicas": "\(layout.replicas)",
                    "seconds": seconds,
                ]))
    }

    /// An assignment is another process's from now on.
    mutating func forget(_ name: ProcessName) {
        health.remove(name)
        if name.role == .worker { stragglers.forget(worker: name.rank) }
    }
}

extension Participant {
    init(_ name: ProcessName, _ member: Member) {
        self.init(role: name.role.rawValue, rank: name.rank, host: name.host, process: name.processID, address: member.peer.text)
    }
}
