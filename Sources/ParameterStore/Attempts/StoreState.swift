import Platform
package import Protocol
import Security
import Transport
package import Partition
import SwiftProtobuf

/// A store's part in a run, as a pure value: messages go in, and effects come out. It has no sockets, threads or tensors, so tests can drive
/// it through any order of messages.
/// - Parameter Connection: A worker's `Link`, or a stand-in for one in tests.
package struct StoreState<Connection: AnyObject & Sendable>: Sendable {
    package typealias Key = ParameterBlock.Key
    package typealias Effect = StoreEffect<Connection>
    package typealias Worker = StoreWorker<Connection>

    /// The port and the process by which a topology names this store; nil before the store listens.
    package var endpoint: (port: UInt32, processID: UInt32)?
    package private(set) var assignment: StoreAssignment?
    /// Nil before the first topology of a layout.
    package internal(set) var shard: ShardState?
    /// Nil between the end of an attempt and the next topology.
    package internal(set) var attempt: StoreAttempt<Connection>?
    /// Workers of attempts whose topology has not arrived: a worker may have heard of it first.
    var early: [ObjectIdentifier: Worker] = [:]
    /// Values and momentum that have arrived for blocks without memory.
    var restored: [Key: Parts] = [:]
    /// Messages of the coordinator that wait while values are copied for another layout; nil otherwise.
    private var deferred: [WireControlMessage]?
    /// Whether a topology has arrived.
    private var hasBegun = false
    /// Whether first values are those that an earlier process or coordinator has left in memory.
    private(set) var recovers = false
    var segmentCount = 0

    /// The parts of a block that have arrived.
    struct Parts: Sendable {
        var hasValues = false
        var hasMomentum = false

        var isWhole: Bool { hasValues && hasMomentum }
    }

    package init() {}

    // MARK: The coordinator's messages

    /// Takes a message of the coordinator, or defers it until values are where they can be found.
    package mutating func receive(_ message: WireControlMessage) throws -> [Effect] {
        if case .finish(let finish)? = message.body { return [.end(SessionOutcome(finish))] }
        if let waiting = deferred?.count {
            guard waiting < 64 else { throw WireError(.malformed, "more messages than there are while a layout changes") }
            deferred?.append(message)
            return []
        }
        switch message.body {
        case .welcome(let welcome): return try assign(welcome)
        case .handOver(let order): return try handOver(Set(order.blocks.map { Key($0) }), step: Int(clamping: order.step))
        case .refusal(let refusal): return [.end(.failed("the coordinator refused this store: \(refusal.reason)"))]
        case .topology(let topology): return try begin(topology)
        case .abort(let abort): return end(before: abort.attempt)
        case .grant(let grant): return try self.grant(grant)
        case .commit(let commit): return try self.commit(commit)
        default: throw WireError(.malformed, "a control message that a store does not take")
        }
    }

    private mutating func assign(_ welcome: WireWelcome) throws -> [Effect] {
        let isFirst = assignment == nil
        let new = try StoreAssignment(welcome)
        assignment = new
        return [Effect.assign(new, isFirst: isFirst)] + rearrange()
    }

    /// Other workers will register other tensors: what is held is copied out of the memory that was made for the workers before.
    private mutating func rearrange() -> [Effect] {
        guard let step = shard?.machine.committed else { return [] }
        let workers = attempt?.workersByRank ?? []
        (shard, attempt, deferred) = (nil, nil, [])
        return workers.map { Effect.close($0) } + [Effect.collect(step: step)]
    }

    private mutating func begin(_ topology: WireTopology) throws -> [Effect] {
        guard let assignment, let endpoint else { throw WireError(.malformed, "a topology before the welcome") }
        let own = topology.stores.firstIndex { $0.port == endpoint.port && $0.processID == endpoint.processID }
        guard let own, topology.baseStep <= WireTopology.stepLimit else {
            throw WireError(.malformed, "a topology without this store")
        }
        var all: [Effect] = []
        if shard == nil {
            let placement = try topology.placement(of: assignment.network)
            let keys = assignment.network.map(\.key).filter { placement[$0] == own }
            shard = ShardState(
                Set(keys), contributions: assignment.tree.contributions.count, base: Int(clamping: topology.baseStep),
                restores: topology.restores, attempt: topology.attempt)
            if topology.recovers {
                for key in keys { restored[key] = Parts(hasValues: true, hasMomentum: true) }
            } else if !hasBegun {
                // What an earlier process left is of no use any more.
                all.append(.forget)
            }
            (recovers, hasBegun) = (topology.recovers, true)
        }
        guard let machine = shard?.machine, topology.attempt == machine.attempt, topology.baseStep == UInt64(machine.committed) else {
            throw WireError(.malformed, "a topology of another attempt than the store is in")
        }
        if attempt?.number != topology.attempt {
            attempt = StoreAttempt(topology.attempt, workers: early.filter { $0.value.attempt == topology.attempt })
            early = early.filter { $0.value.attempt != topology.attempt }
        }
        all.append(.note(committed: Int(clamping: topology.baseStep), attempt: topology.attempt))
        return all + registerNext() + sayReady()
    }

    /// Ends older attempts. Their workers connect again, for the next one.
    private mutating func end(before number: UInt32) -> [Effect] {
        shard?.machine.abort(attempt: number)
        var old = early.values.filter { $0.attempt < number }
        early = early.filter { $0.value.attempt >= number }
        if let ended = attempt, ended.number < number {
            old += ended.workers.values
            attempt = nil
        }
        return [Effect.dropUpdates(before: number)] + old.sorted { $0.rank < $1.rank }.map { Effect.close($0) }
    }

    // MARK: Steps

    private mutating func grant(_ grant: WireGrant) throws -> [Effect] {
        let step = Int(clamping: grant.step)
        guard let committed = shard?.machine.committed, (committed...committed + ShardStepMachine.window).contains(step) else {
            throw WireError(.malformed, "a grant of a step that is not next")
        }
        if grant.trace { attempt?.records.trace(step) }
        if grant.measure { attempt?.measured.insert(step) }
        let actions = shard?.machine.grant(step: step, rate: grant.learningRate) ?? []
        return effects(of: actions)
    }

    private mutating func commit(_ commit: WireCommit) throws -> [Effect] {
        guard shard != nil else { return [] }
        let step = Int(clamping: commit.step)
        let actions: [ShardStepMachine.Action]
        do { actions = try shard?.machine.commit(step: step) ?? [] } catch {
            throw WireError(.malformed, "the coordinator committed step \(step), which is not stored: \(error)")
        }
        // Before the step after it can begin, whose update overwrites the step before it.
        let number = shard?.machine.attempt ?? 0
        var all = [Effect.note(committed: step, attempt: number)] + effects(of: actions)
        attempt?.records.forget(step)
        attempt?.measured.remove(step)
        if commit.snapshot, let held = shard?.held { all.append(.snapshot(held.sorted(), step: step)) }
        return all
    }

    /// Takes note of a gradient that a worker has sent.
    package mutating func push(_ gradient: ShardStepMachine.Gradient, step: Int, attempt: UInt32) throws -> [Effect] {
        let actions: [ShardStepMachine.Action]
        do { actions = try shard?.machine.push(gradient, step: step, attempt: attempt) ?? [] } catch {
            throw WireError(.malformed, "a gradient out of turn: \(error)")
        }
        return effects(of: actions)
    }

    /// Takes note of an update that has been computed. One of an older attempt counts no more.
    package mutating func updated(_ update: BlockUpdate) -> [Effect] {
        guard update.attempt == attempt?.number else { return [] }
        attempt?.records.add(update)
        let actions = shard?.machine.finishedUpdate(update.key, step: update.step, attempt: update.attempt) ?? []
        return effects(of: actions)
    }

    private mutating func effects(of actions: [ShardStepMachine.Action]) -> [Effect] {
        guard let shard else { return [] }
        var all: [Effect] = []
        for action in actions {
            switch action {
            case .update(let key, let step, let rate):
                let measures = attempt?.measured.contains(step) ?? false
                all.append(.update(key, step: step, rate: rate, attempt: shard.machine.attempt, measures: measures))
            case .announce(let key, let step):
                guard let segment = shard.segment(of: key) else { continue }
                for worker in attempt?.workers(of: segment) ?? [] { all.append(.announce(key, step: step, to: worker)) }
            case .stored(let step):
                let stored = attempt?.records.stored(step) ?? WireStepStored.with { $0.step = UInt64(step) }
                let measuresMemory = step - shard.base <= 3 || step % 50 == 0
                all.append(.sendStored(stored, attempt: shard.machine.attempt, measuresMemory: measuresMemory))
            }
        }
        return all
    }

    // MARK: Values

    /// Whether the coordinator may send values of this block.
    package func acceptsValues(of key: Key) -> Bool { shard?.held.contains(key) ?? true }

    /// Records that values or momentum of a block have arrived from the coordinator, whole.
    package mutating func received(_ key: Key, isMomentum: Bool) -> [Effect] {
        if isMomentum { restored[key, default: Parts()].hasMomentum = true } else { restored[key, default: Parts()].hasValues = true }
        return registerNext()
    }

    /// Gives away blocks that another store holds from now on.
    private mutating func handOver(_ keys: Set<Key>, step: Int) throws -> [Effect] {
        guard let shard, step == shard.machine.committed else {
            throw WireError(.malformed, "parameters are asked for after step \(step), which is not the last")
        }
        let given = shard.held.intersection(keys).sorted()
        self.shard?.giveAway(keys)
        for key in given { restored[key] = nil }
        return [.handOver(given, of: shard.held.count, step: step)]
    }

    /// Records that values and momentum of these blocks have been copied; they are as if they had been restored.
    /// - Returns: The coordinator's messages that have waited for that, to be received again.
    package mutating func collected(_ keys: some Sequence<Key>) -> [WireControlMessage] {
        for key in keys { restored[key] = Parts(hasValues: true, hasMomentum: true) }
        defer { deferred = nil }
        return deferred ?? []
    }
}
