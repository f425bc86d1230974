import Foundation
import NeuralNetwork
import Partition
import RunLog
import SwiftProtobuf
import Tensors
import Threading
import Wire

/// Who joins, and what everybody is told when all are there.
extension CoordinatorService {
    func admit(_ hello: WireHello, _ link: Link) throws {
        joins += 1
        if hello.heartbeat { return try admitHeartbeat(hello, link) }
        if hello.role == .dashboard {
            members[ObjectIdentifier(link)] = Member(link, hello, .dashboard)
            return
        }
        let verdict = rendezvous.admit(hello)
        let place = "\(hello.hostName) (\(link.remote), process \(hello.processID))"
        switch verdict {
        case .refused(let reason):
            var refusal = WireRefusal()
            refusal.reason = reason
            link.send(.with { $0.refusal = refusal })
            link.finish()
            writer.event("refused", "a \(hello.role.word) on \(place) was refused: \(reason)")
            return news(.refused("a \(hello.role.word) on \(place) was refused: \(reason)"))
        case .spare:
            members[ObjectIdentifier(link)] = Member(link, hello, .spare, order: joins)
            writer.event("spare", "a worker on \(place) waits as a spare")
            return considerChange()
        case .worker(let rank, let startsStore): welcome(Member(link, hello, .worker(rank: rank), order: joins), startsStore: startsStore)
        case .store(let rank): welcome(Member(link, hello, .store(rank: rank), order: joins))
        }
        sendTopologyIfComplete()
    }

    func sendTopologyIfComplete() {
        if rendezvous.isComplete { sendTopology() }
    }

    private func admitHeartbeat(_ hello: WireHello, _ link: Link) throws {
        let owner = members.values.first { member in
            guard hello.processID == member.hello.processID, hello.hostIdentity == member.hello.hostIdentity else { return false }
            // The rank may have changed since it was told, and it may have none any more.
            return member.lastName != nil && hello.role == member.hello.role && !member.hello.heartbeat
        }
        guard hello.run == run, let owner else { throw WireError(.malformed, "heartbeats of a process that has not joined") }
        members[ObjectIdentifier(link)] = Member(link, hello, .heartbeat(of: ObjectIdentifier(owner.link)))
    }

    /// A spare takes a place that has become free.
    func promoteSpares() {
        for member in spares where rendezvous.workersMissing > 0 {
            guard case .worker(let rank, let startsStore) = rendezvous.admit(member.hello) else { continue }
            member.role = .worker(rank: rank)
            welcome(member, startsStore: startsStore)
        }
    }

    /// Takes one in that had no place.
    func welcome(_ member: Member, startsStore: Bool = false) {
        members[ObjectIdentifier(member.link)] = member
        guard let name = member.name else { return }
        sendWelcome(member, startsStore: startsStore)
        health.add(name, at: MonotonicClock.now)
        let hello = member.hello
        writer.event(
            "joined", "\(name.short) on \(hello.hostName)",
            ["role": name.role.rawValue, "rank": "\(name.rank)", "address": "\(member.link.remote)", "process": "\(hello.processID)"]
                .merging(member.link.facts) { $1 })
        news(.joined(role: name.role.rawValue, rank: name.rank, host: hello.hostName))
        record { record in
            record.processes.removeAll { $0.role == name.role.rawValue && $0.rank == name.rank }
            record.processes.append(
                .init(
                    role: name.role.rawValue, rank: name.rank, host: hello.hostName, address: "\(member.link.remote)",
                    process: Int(hello.processID)))
            if name.role == .worker, name.rank == 0 {
                record.versions = .init(
                    colonnade: hello.productVersion, kernelLibrary: "oneDNN \(hello.kernelLibrary)",
                    instructionSet: hello.instructionSet, cpu: hello.cpuModel)
            }
        }
    }

    /// Tells a worker or store its place.
    func sendWelcome(_ member: Member, startsStore: Bool = false) {
        guard let name = member.name else { return }
        var welcome = WireWelcome()
        welcome.run = run
        welcome.rank = UInt32(name.rank)
        (welcome.workers, welcome.replicas) = (UInt32(layout.workers), UInt32(layout.replicas))
        welcome.startsStore = startsStore
        welcome.datasetPath = plan.datasetPath
        welcome.datasetFingerprint = plan.datasetFingerprint
        welcome.patience = 2 * plan.patience
        do {
            welcome.configuration = try plan.configuration.json()
            if let device = plan.device { welcome.device = try JSONEncoder().encode(device) }
        } catch { return end(.failed("\(error)")) }
        member.link.send(.with { $0.welcome = welcome }, run: run)
    }

    func record(_ body: (inout RunRecord) -> Void) {
        do { try writer.update(body) } catch { end(.failed("run.json cannot be written: \(error)")) }
    }

    /// Tells everybody who is where; a new attempt begins with it.
    func sendTopology() {
        let isFirst = keepers.isEmpty
        if isFirst { groupByHost() }
        if isFirst || change?.phase == .gathering {
            rendezvous.settle()
            ledger.stores = rendezvous.stores.count
            placeValues()
        }
        var topology = WireTopology()
        topology.attempt = attempt
        topology.baseStep = UInt64(ledger.committed)
        // Where there are values, no store draws them.
        topology.restores = plan.start != nil || hasStarted
        func endpoints(_ count: Int, _ role: (Int) -> Member.Role) -> [WireTopology.Endpoint] {
            (0..<count).compactMap { rank in
                guard let member = members.values.first(where: { $0.role == role(rank) }) else { return nil }
                var endpoint = WireTopology.Endpoint()
                endpoint.address = member.link.remote.host
                endpoint.port = member.hello.listenPort
                endpoint.hostName = member.hello.hostName
                endpoint.processID = member.hello.processID
                return endpoint
            }
        }
        topology.workers = endpoints(layout.workers) { .worker(rank: $0) }
        topology.stores = endpoints(rendezvous.stores.count) { .store(rank: $0) }
        if let placement { topology.place(blocks, placement) }
        broadcast(.with { $0.topology = topology })
        if isFirst, let start = plan.start { restore(start) }
    }

    /// Gives workers of a host ranks that follow each other, whoever joined first: the workers of a replica exchange activations all the time,
    /// replicas gradients and values once a step.
    private func groupByHost() {
        let workers = placed
        guard layout.replicas > 1, workers.count == layout.workers else { return }
        let order = Rendezvous.grouped(workers.map(\.hello.hostIdentity))
        let moved = order.indices.filter { order[$0] != $0 }
        guard !moved.isEmpty else { return }
        rendezvous.rearrange(workers: order.map { workers[$0].hello }, stores: rendezvous.stores)
        for rank in moved { if let name = workers[rank].name { forget(name) } }
        for rank in moved {
            let member = workers[order[rank]]
            member.role = .worker(rank: rank)
            sendWelcome(member)
            if let name = member.name { health.add(name, at: MonotonicClock.now) }
        }
        recordLayout()
        writer.event("grouped", "\(moved.count) workers have other ranks than they joined with, so that those of a host follow each other")
    }

    private func restore(_ start: StartingValues) {
        do {
            if case .trained(let checkpoint) = start {
                let anew = try start.anew(plan.configuration)
                writer.event("initialized", "initial values from \(checkpoint.path)", ["anew": anew.joined(separator: " ")])
                news(.initialized(from: checkpoint.path, anew: anew))
            }
            for block in blocks {
                guard let store = keepers[block.key].flatMap({ members[$0] }) else { continue }
                for isMomentum in [false, true] {
                    let packed = try start.packed(block, isMomentum: isMomentum, recipe: plan.configuration.recipe)
                    var header = FrameHeader(.restore)
                    header.run = run
                    header.blockKey = block.key.wire
                    header.isMomentum = isMomentum
                    store.link.send(header, .tensor(packed, byteCount: 4 * block.shape.count))
                }
            }
        } catch { end(.failed("\(error)")) }
    }

    /// Training begins, or goes on, when everybody is ready for the attempt.
    func startIfReady() {
        let taking = members.values.filter(\.takesPart)
        guard !isTraining, rendezvous.isComplete, taking.count == layout.workers + rendezvous.stores.count,
            taking.allSatisfy({ $0.ready == attempt })
        else { return }
        isTraining = true
        records.start(at: MonotonicClock.now)
        if hasStarted {
            if isRecovering { resumed() }
            if let change { changed(change) }
            (isRecovering, change) = (false, nil)
        } else {
            isRecovering = false
            hasStarted = true
            writer.event("started", steps.base == steps.last ? "all \(steps.last) steps are trained" : "training from step \(steps.base + 1) to \(steps.last)")
            news(.started(fromStep: steps.base, lastStep: steps.last))
            if steps.base == 0, plan.configuration.recipe.checkpoint.every != 0 { perform([.commit(step: 0, snapshot: true)]) }
        }
        validateBase()
        perform(ledger.advance())
        finishIfDone()
    }

    /// Says every few seconds who is missing, and gives up after the patience for joining.
    func remindLater(after delay: Double) {
        loop.schedule(after: delay) { [weak self] in
            guard let self, !hasEnded else { return }
            defer { remindLater(after: 10) }
            guard !rendezvous.isComplete else { return }
            let (workers, stores) = (rendezvous.workersMissing, rendezvous.storesMissing)
            guard MonotonicClock.now > joinDeadline else { return news(.waiting(workers: workers, stores: stores, address)) }
            let missing = [
                workers > 0 ? "\(workers) of \(layout.workers) workers" : nil,
                stores > 0 ? "\(stores) \(stores == 1 ? "store" : "stores")" : nil,
            ].compactMap { $0 }.joined(separator: " and ")
            let role = workers > 0 ? "worker" : "store"
            let sentence = "\(missing) did not join in \(Int(plan.joinPatience)) seconds; "
                + "start one with: colonnade \(role) --coordinator \(address)"
            end(hasStarted ? .lost(sentence) : .failed(sentence))
        }
    }
}
