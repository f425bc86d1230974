import Partition
import Protocol

/// Changes of layout: who asks for one, the boundary between two steps at which it happens, and who gets which assignment.
extension RunState {
    // MARK: Asking

    /// A worker or store asks to be released.
    mutating func asksToLeave(_ asking: Member, at now: Double) {
        guard !asking.asksToLeave else { return }
        var member = asking
        guard let name = member.name else {
            guard member.role == .spare else { return }
            // A former worker's process may hold its host's store, whose blocks must go elsewhere first.
            guard roster.hasStore(inProcessOf: member) else { return release(member) }
            (member.role, member.asksToLeave) = (.leaving, true)
            roster[member.id] = member
            return
        }
        // If the run is about to end, all members are sent its end anyway.
        guard !isStopping else { return }
        member.asksToLeave = true
        roster[member.id] = member
        journal(.leaving(Participant(name, member)))
        guard !hasStarted, name.role == .worker else { return }
        guard !roster.hasStore(inProcessOf: member) else {
            // Others know its host's shard already, and there is no checkpoint yet.
            end(.lost("\(name) left with its host's parameter store before the first step"))
            return
        }
        release(member)
        forget(name)
        rendezvous.vacate(worker: name.rank)
        interrupt(because: "\(name) has left", isFailure: false, at: now)
    }

    /// - Returns: Why the request is refused; nil where it is done at the next boundary.
    mutating func resize(workers: Int, replicas: Int?) -> String? {
        guard hasStarted else { return "the run has not begun: start its coordinator with --workers \(workers)" }
        guard !isStopping, ledger.committed < ledger.last else { return "the run is about to end" }
        switch phase {
        case .waiting(let waiting) where waiting.pause.change != nil: return "its layout is changing already; ask again in a moment"
        case .preparing(let preparing) where preparing.pause.change != nil: return "its layout is changing already; ask again in a moment"
        default: break
        }
        return policy.resize(
            workers: workers, replicas: replicas, current: layout, staying: roster.staying.count, spares: roster.spares.count)
    }

    // MARK: Deciding

    /// Looks whether the layout will change, and changes it once nothing is under way.
    /// - Parameter abandoned: Assignments that nobody will take.
    /// - Returns: Whether anything changed.
    mutating func considerLayout(abandoned: Int, at now: Double) -> Bool {
        guard holdings.isComplete else { return false }
        let staying = roster.staying
        let leavingWorkers = roster.workers.count - staying.count + abandoned
        let leavingStores = roster.stores.count { roster.isLeaving($0) }
        let decision = policy.decide(
            current: layout, staying: staying.count, spares: roster.spares.count, isLeaving: leavingWorkers + leavingStores > 0, at: now)
        switch decision {
        case .stay: return continueGranting(at: now)
        // The next tick after that time asks again.
        case .ask: return continueGranting(at: now)
        case .drop(let sentence):
            journal(.layoutDropped(sentence))
            return true
        case .stop:
            stop("the last worker or store leaves", at: now)
            return true
        case .change(let target):
            guard leavingStores < roster.stores.count else {
                stop("the last worker or store leaves", at: now)
                return true
            }
            ledger.isPaused = true
            if case .training = phase, !(ledger.isAtBoundary && checkpoints.hasArrived) { return false }
            begin(target, staying: staying, because: reason(leavingWorkers, leavingStores), at: now)
            return true
        }
    }

    private mutating func continueGranting(at now: Double) -> Bool {
        guard ledger.isPaused else { return false }
        ledger.isPaused = false
        if case .training = phase { perform(ledger.advance(), at: now) }
        return true
    }

    private func reason(_ workers: Int, _ stores: Int) -> String {
        if policy.wanted != nil { return "asked over the network" }
        guard workers + stores > 0 else { return "more workers are there" }
        return [
            workers > 0 ? "\(workers) \(workers == 1 ? "worker leaves" : "workers leave")" : nil,
            stores > 0 ? "\(stores) \(stores == 1 ? "store leaves" : "stores leave")" : nil,
        ].compactMap { $0 }.joined(separator: ", ")
    }

    // MARK: Changing

    /// Ends the attempt in order and gives everybody an assignment in the next.
    private mutating func begin(_ target: ColumnLayout, staying: [Member], because reason: String, at now: Double) {
        let monitor: HealthMonitor
        do { monitor = try Self.monitor(plan, target) } catch {
            end(.failed("\(error)"))
            return
        }
        let workers = assignments(target, staying)
        var since = now
        if case .training(let training) = phase { since = training.tally.lastCommit }
        var change = LayoutChange(before: layout, reason: reason, since: since)
        switch phase {
        case .waiting(let waiting): change.followsFailure = waiting.pause.isFailure
        case .preparing(let preparing): change.followsFailure = preparing.pause.isFailure
        case .training, .closing, .ended: break
        }
        policy.changed(at: now)
        attempt += 1
        brokenLinks = []
        ledger.abort()
        ledger.rearrange(workers: target.workers)
        (layout, stragglers, health) = (target, StragglerWatch(), monitor)
        phase = .waiting(Waiting(pause: .change(change), deadline: now + plan.limits.joinPatience, reminder: now + 10))
        dismiss(except: Set(workers.map(\.id)), because: "\(target) from here on: \(reason)")

        let hosts = workers.map(\.hello)
        let stores = roster.stores.filter { !roster.isLeaving($0) && rendezvous.needsStore(on: $0.hello.hostIdentity, workers: hosts) }
        let kept = Set(stores.map(\.id))
        for member in roster.participants where roster.isLeaving(member) || member.isStore && !kept.contains(member.id) {
            var member = member
            member.role = .leaving
            roster[member.id] = member
        }
        rendezvous.rearrange(workers: hosts, stores: stores.map(\.hello))
        var without = rendezvous.hostsWithoutStore
        for (rank, worker) in workers.enumerated() {
            guard var member = roster[worker.id] else { continue }
            let isNew = member.role == .spare
            member.role = .worker(rank: rank)
            let startsStore = without.remove(member.hello.hostIdentity) != nil
            if isNew {
                welcome(member, startsStore: startsStore, at: now)
            } else {
                roster[member.id] = member
                assign(member, startsStore: startsStore)
                if let name = member.name { health.add(name, at: now) }
            }
        }
        for (rank, store) in stores.enumerated() {
            var member = store
            member.role = .store(rank: rank)
            roster[member.id] = member
            if let name = member.name { health.add(name, at: now) }
        }
        recordParticipation(isNewLayout: true)
        releaseLeavers()
    }

    /// Ends the attempt of everybody; workers that are not chosen become spares.
    private mutating func dismiss(except chosen: Set<MemberID>, because reason: String) {
        for member in roster.participants {
            var member = member
            var becomesSpare = false
            if case .worker = member.role { becomesSpare = !chosen.contains(member.id) && !roster.isLeaving(member) }
            send(.abort(Abort(committed: ledger.committed, reason: reason, isPlanned: true, becomesSpare: becomesSpare)), to: member.id)
            guard becomesSpare else { continue }
            member.role = .spare
            roster[member.id] = member
        }
    }

    /// Who gets which assignment. Where only some are replaced the others keep theirs, and the memory that they have planned.
    private func assignments(_ target: ColumnLayout, _ staying: [Member]) -> [Member] {
        var waiting = roster.spares
        guard target == layout else {
            let chosen = Array((staying + waiting).prefix(target.workers))
            return target.replicas == 1 ? chosen : Rendezvous.grouped(chosen.map(\.hello.hostIdentity)).map { chosen[$0] }
        }
        let old = Dictionary(
            staying.compactMap { member in member.name.map { ($0.rank, member) } }, uniquingKeysWith: { first, _ in first })
        return (0..<target.workers).compactMap { rank in
            if let member = old[rank] { return member }
            // A worker on a host that holds parameters of these columns has them in memory.
            let hosts = Set(holdings.holders(of: target.columns(of: rank)).compactMap { roster[$0]?.hello.hostIdentity })
            let index = waiting.firstIndex { hosts.contains($0.hello.hostIdentity) } ?? waiting.startIndex
            return waiting.indices.contains(index) ? waiting.remove(at: index) : nil
        }
    }

    // MARK: Values

    /// Decides who holds which block from now on, and has stores that give some away send them. Before the topology.
    mutating func placeValues(changesLayout: Bool) {
        let isFirst = !holdings.isPlaced
        let stores = roster.stores
        let orders = holdings.place(
            layout, hosts: rendezvous.workers.map { $0?.hostIdentity ?? "" }, stores: stores.map { ($0.id, $0.hello.hostIdentity) })
        guard !isFirst else { return }
        guard !orders.isEmpty || changesLayout else { return releaseLeavers() }
        for order in orders {
            guard roster[order.from] != nil else {
                end(.lost("a store is gone that kept \(order.keys.count) parameter blocks"))
                return
            }
            send(.handOver(order.keys, step: ledger.committed), to: order.from)
        }
        for store in stores { assign(store) }
        releaseLeavers()
    }

    /// Values or momentum of a block are on their way from one store to another.
    mutating func moved(_ part: BlockPart, from: MemberID) {
        guard let to = holdings.arrived(part, from: from) else { return emit(.reject(from, reason: "values that were not requested")) }
        if roster[to] != nil { emit(.forward(part, to: to)) }
        if !holdings.isOwed(by: from) { releaseLeavers() }
    }

    // MARK: Releasing

    /// Releases those that leave and hold nothing, nor does another part of their process.
    private mutating func releaseLeavers() {
        for member in roster.all where member.role == .leaving {
            let isHolding = roster.all.contains { ($0.id == member.id || $0.isSameProcess(as: member)) && holdings.isHolder($0.id) }
            if !isHolding { release(member) }
        }
    }

    /// Tells a member that it may end.
    private mutating func release(_ leaving: Member) {
        var member = leaving
        send(.release(step: ledger.committed), to: member.id)
        (member.role, member.asksToLeave) = (.released, false)
        roster[member.id] = member
        // It hangs up when it has read that: what it is just saying itself would otherwise make the system drop it.
        emit(.cancel(member.id, after: 10, reason: "released"))
        let word = member.hello.role.word
        journal(
            .left(
                role: word, process: Int(member.hello.processID),
                sentence: "\(leaving.lastName.map { $0.description } ?? "a \(word) that waited on \(member.hello.hostName)") "
                    + "has left after step \(ledger.committed)"))
    }
}
