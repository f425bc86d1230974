import NeuralNetwork
import Partition
import RunLog
import SwiftProtobuf
import Threading
import Wire

/// A change of layout, once nothing is under way: the attempt ends in order, everybody gets a new place, and values go where their
/// columns are kept from now on.
extension CoordinatorService {
    /// Ends the attempt and gives everybody a place in the next.
    /// - Parameter staying: workers that do not leave, by rank.
    func begin(_ target: ColumnLayout, staying: [Member], because reason: String) {
        let (before, workers) = (layout, places(target, staying))
        let isLeavingNow = Set(members.values.filter { isLeaving($0) }.map { ObjectIdentifier($0.link) })
        let compiled: HealthMonitor
        do { compiled = try Self.monitor(plan, target) } catch { return end(.failed("\(error)")) }
        change = LayoutChange(before: before, reason: reason, since: isTraining ? records.lastCommit : MonotonicClock.now)
        policy.changed(at: MonotonicClock.now)
        attempt += 1
        isTraining = false
        joinDeadline = MonotonicClock.now + plan.joinPatience
        ledger.abort(validated: !isValidationMissing(after: ledger.committed))
        ledger.rearrange(workers: target.workers)
        records.abort()
        (layout, records.layout, abandoned) = (target, target, 0)
        board.rearrange()
        stragglers = StragglerWatch()
        health = compiled

        let chosen = Set(workers.map { ObjectIdentifier($0.link) })
        for member in members.values where member.takesPart {
            let id = ObjectIdentifier(member.link)
            var abort = WireAbort()
            (abort.attempt, abort.committed, abort.planned) = (attempt, UInt64(ledger.committed), true)
            abort.reason = "\(target.words) from here on: \(reason)"
            if case .worker = member.role { abort.spare = !chosen.contains(id) && !isLeavingNow.contains(id) }
            member.link.send(.with { $0.abort = abort }, run: run, attempt: attempt)
            if abort.spare { member.role = .spare }
        }
        let hosts = workers.map(\.hello)
        let stores = members.values.filter(\.isStore).sorted { $0.name!.rank < $1.name!.rank }
            .filter { !isLeavingNow.contains(ObjectIdentifier($0.link)) && rendezvous.needsStore(on: $0.hello.hostIdentity, workers: hosts) }
        let kept = Set(stores.map { ObjectIdentifier($0.link) })
        for member in members.values where member.takesPart {
            let id = ObjectIdentifier(member.link)
            if isLeavingNow.contains(id) || member.isStore && !kept.contains(id) { member.role = .leaving }
        }
        leaving.subtract(isLeavingNow)
        rendezvous.rearrange(workers: hosts, stores: stores.map(\.hello))
        var without = rendezvous.hostsWithoutStore
        for (rank, member) in workers.enumerated() {
            let isNew = member.role == .spare
            member.role = .worker(rank: rank)
            let startsStore = without.remove(member.hello.hostIdentity) != nil
            if isNew { welcome(member, startsStore: startsStore) } else { place(member, startsStore: startsStore) }
        }
        for (rank, member) in stores.enumerated() {
            member.role = .store(rank: rank)
            health.add(member.name!, at: MonotonicClock.now)
        }
        recordLayout()
        releaseLeavers()
        sendTopologyIfComplete()
    }

    static func monitor(_ plan: RunPlan, _ layout: ColumnLayout) throws -> HealthMonitor {
        let programs = try ProgramCompiler(
            network: plan.configuration.network, workers: layout.workers, replicas: layout.replicas,
            batch: plan.configuration.recipe.sliceBatch
        ).programs()
        return HealthMonitor(programs: programs, patience: plan.patience)
    }

    /// Who gets which place. Where only some are replaced the others keep theirs, and what they have planned.
    private func places(_ target: ColumnLayout, _ staying: [Member]) -> [Member] {
        var waiting = spares
        guard target == layout else {
            let chosen = Array((staying + waiting).prefix(target.workers))
            return target.replicas == 1 ? chosen : Rendezvous.grouped(chosen.map(\.hello.hostIdentity)).map { chosen[$0] }
        }
        let old = Dictionary(uniqueKeysWithValues: staying.map { ($0.name!.rank, $0) })
        return (0..<target.workers).compactMap { rank in
            if let member = old[rank] { return member }
            // One on a host that keeps parameters of the place's columns has them in memory.
            let columns = target.columns(of: rank)
            let hosts = Set(keepers.compactMap { columns.contains($0.column) ? members[$1]?.hello.hostIdentity : nil })
            let index = waiting.firstIndex { hosts.contains($0.hello.hostIdentity) } ?? waiting.startIndex
            return waiting.indices.contains(index) ? waiting.remove(at: index) : nil
        }
    }

    /// Tells one that is there already of its place.
    private func place(_ member: Member, startsStore: Bool) {
        guard let name = member.name else { return }
        sendWelcome(member, startsStore: startsStore)
        health.add(name, at: MonotonicClock.now)
    }

    /// run.json as it is from now on.
    func recordLayout() {
        let present = members.values.compactMap { member in member.name.map { ($0, member) } }
            .sorted { ($0.0.role.rawValue, $0.0.rank) < ($1.0.role.rawValue, $1.0.rank) }
        record { record in
            (record.workers, record.replicas) = (layout.workers, layout.replicas == 1 ? nil : layout.replicas)
            record.plan = try? .init(plan.configuration, layout: layout)
            record.processes = present.map { name, member in
                .init(
                    role: name.role.rawValue, rank: name.rank, host: name.host, address: "\(member.link.remote)", process: name.processID)
            }
        }
    }

    // MARK: Releasing

    /// Lets those go that leave and hold nothing, nor does another part of their process.
    func releaseLeavers() {
        for member in members.values where member.role == .leaving {
            let isHolding = members.contains { ($0.value === member || $0.value.isSameProcess(as: member)) && holdsValues($0.key) }
            if !isHolding { release(member) }
        }
    }

    /// Whether values of the run are with this store, and nowhere else yet.
    func holdsValues(_ link: ObjectIdentifier) -> Bool { keepers.values.contains(link) || moves.isOwed(by: link) }

    /// Tells one that it may end.
    func release(_ member: Member) {
        var finish = WireFinish()
        (finish.left, finish.reason) = (true, "step \(ledger.committed)")
        member.link.send(.with { $0.finish = finish }, run: run, attempt: attempt)
        member.role = .released
        leaving.remove(ObjectIdentifier(member.link))
        // It hangs up when it has read that: what it is just saying itself would otherwise have the system drop it.
        loop.schedule(after: 10) { [link = member.link] in link.cancel("released") }
        let word = member.hello.role.word
        writer.event(
            "left", "\(member.lastName.map { $0.description } ?? "a \(word) that waited on \(member.hello.hostName)") has left after step \(ledger.committed)",
            ["role": word, "process": "\(member.hello.processID)"])
    }

    /// Everybody is ready in the new layout.
    func changed(_ change: LayoutChange) {
        let seconds = MonotonicClock.now - change.since
        let sentence = "goes on after step \(ledger.committed) with \(layout.words) instead of \(change.before.words): \(change.reason)"
        let same = "goes on after step \(ledger.committed) with \(layout.words): \(change.reason)"
        writer.event(
            "layout", layout == change.before ? same : sentence,
            ["step": "\(ledger.committed)", "attempt": "\(attempt)", "workers": "\(layout.workers)", "replicas": "\(layout.replicas)",
             "seconds": "\((seconds * 1000).rounded() / 1000)"])
        news(.layout(layout == change.before ? same : sentence))
    }
}
