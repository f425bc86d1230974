import Platform
import Protocol
import Security
import Transport
import Coordinator
import NeuralNetwork
import ParameterStore
import Partition
import SwiftProtobuf

/// A store process of the model: the product's `StoreState`, with queues in place of connections, and numbers in place of tensors. They
/// depend on every step and rate before them, so that a step that is applied twice, left out, at another rate, or from another buffer than
/// the last committed one shows.
final class ModelStore {
    typealias Key = ParameterBlock.Key

    enum Mail {
        case join(ModelWorker, rank: Int, UInt32, [Key])
        case push(ShardStepMachine.Gradient, step: Int, UInt32, ModelWorker)
    }

    struct Value: Equatable {
        var step: Int
        var number: UInt64
    }

    /// A worker's connection, for one attempt.
    final class Connection: Sendable {
        let worker: MemberID
        let attempt: UInt32

        init(_ worker: MemberID, _ attempt: UInt32) { (self.worker, self.attempt) = (worker, attempt) }
    }

    /// A job of the store's update thread.
    enum Job {
        case update(Key, step: Int, rate: Float, attempt: UInt32)
        case initialize(SegmentID, [(key: Key, restored: Value?)], step: Int)
        case snapshot([Key], step: Int)
        case handOver([Key], step: Int)
        case collect([Key], step: Int)
    }

    let id: MemberID
    let hello: WireHello
    var isAlive = true
    var orders: [(order: ModelOrder, attempt: UInt32)] = []
    var outgoing: [ModelWord] = []
    private(set) var jobs: [Job] = []
    private var state = StoreState<Connection>()
    private var workers: [MemberID: ModelWorker] = [:]
    private var connections: [MemberID: Connection] = [:]
    /// Blocks that have memory for workers.
    private var registered: Set<Key> = []
    /// The values of registered blocks, of even and odd steps.
    private var buffers: [Key: [Value?]] = [:]
    /// The snapshot that is copied between updates.
    private var snapshot: SnapshotProgress<Key>?
    /// Values of blocks without memory, as they arrived.
    private var restored: [Key: Value] = [:]
    private var hasEnded = false
    private let model: ModelNetwork

    init(_ id: MemberID, _ hello: WireHello, _ model: ModelNetwork) {
        (self.id, self.hello, self.model) = (id, hello, model)
        state.endpoint = (0, UInt32(id.number))
    }

    /// Values after the last committed step.
    var committed: [Key: Value] {
        guard let shard = state.shard else { return [:] }
        let unregistered = restored.filter { shard.held.contains($0.key) }
        return buffers.compactMapValues { $0[shard.machine.committed & 1] }.merging(unregistered) { first, _ in first }
    }

    // MARK: The loop's thread

    /// - Returns: Whether the process ends.
    func receive() throws -> Bool {
        let (order, attempt) = orders.removeFirst()
        switch order {
        case .order(let order): try receive(try message(order, attempt))
        case .restore(let part, let value):
            guard state.acceptsValues(of: part.key) else { throw ModelError("values of a block that is not this store's") }
            if let value { restored[part.key] = value }
            try perform(state.received(part.key, isMomentum: part.isMomentum))
        case .closed: hasEnded = true
        }
        return hasEnded
    }

    private func receive(_ message: WireControlMessage) throws { try perform(try state.receive(message)) }

    /// The message that carries an order.
    private func message(_ order: Order, _ attempt: UInt32) throws -> WireControlMessage {
        switch order {
        case .welcome(let assignment):
            let json = model.json
            return .with {
                $0.welcome = .with {
                    ($0.run, $0.rank, $0.configuration) = (1, UInt32(assignment.rank), json)
                    ($0.workers, $0.replicas) = (UInt32(assignment.layout.workers), UInt32(assignment.layout.replicas))
                }
            }
        case .topology(let topology):
            guard let placement = topology.placement else { throw ModelError("a topology without a placement") }
            var message = WireTopology()
            (message.attempt, message.baseStep, message.restores) = (attempt, UInt64(topology.base), topology.restores)
            message.stores = topology.stores.map { store in .with { $0.processID = UInt32(store.number) } }
            message.place(model.blocks, placement)
            return .with { [message] in $0.topology = message }
        case .abort(let abort):
            if let machine = state.shard?.machine, machine.committed != abort.committed {
                throw ModelError("aborted at step \(abort.committed), committed \(machine.committed)")
            }
            return .with { $0.abort = .with { ($0.attempt, $0.committed) = (attempt, UInt64(abort.committed)) } }
        case .grant(let grant): return .with { $0.grant = .with { ($0.step, $0.learningRate) = (UInt64(grant.step), grant.rate) } }
        case .commit(let step, let snapshot): return .with { $0.commit = .with { ($0.step, $0.snapshot) = (UInt64(step), snapshot) } }
        case .handOver(let keys, let step): return .with { $0.handOver = .with { ($0.blocks, $0.step) = (keys.map(\.wire), UInt64(step)) } }
        case .release: return .with { $0.finish = .with { $0.left = true } }
        case .evict(let reason): return .with { $0.finish = .with { ($0.failed, $0.reason) = (true, reason) } }
        case .refuse(let reason): return .with { $0.refusal = .with { $0.reason = reason } }
        }
    }

    func take(_ mail: Mail) throws {
        switch mail {
        case .join(let worker, let rank, let attempt, let keys):
            if let old = connections[worker.id] { _ = state.closed(old) }
            let connection = Connection(worker.id, attempt)
            (workers[worker.id], connections[worker.id]) = (worker, connection)
            let hello = WireHello.with { ($0.role, $0.run, $0.rank, $0.attempt) = (.worker, 1, UInt32(rank), attempt) }
            state.connect(connection, hello, isLocal: true)
            let register = WireRegister.with { $0.blocks = keys.map { key in .with { $0.key = key.wire } } }
            try perform(try state.register(register, from: connection))
        case .push(let gradient, let step, let attempt, let worker):
            // The connection has ended with its attempt.
            guard let connection = connections[worker.id], connection.attempt == attempt else { return }
            guard state.accepts(gradient, attempt: attempt, from: connection) else {
                throw ModelError("a gradient that is not this worker's")
            }
            try perform(try state.push(gradient, step: step, attempt: attempt))
        }
    }

    private func perform(_ effects: [StoreEffect<Connection>]) throws { for effect in effects { try carryOut(effect) } }

    private func carryOut(_ effect: StoreEffect<Connection>) throws {
        switch effect {
        case .assign: break
        case .register(let worker, let message, _):
            registered.formUnion(message.blocks.map { Key($0.key) })
            try perform(state.registered(worker.connection))
            // The worker's own memory is ready at once.
            try perform(try state.ready(worker.connection))
        case .initialize(let segment, let keys, let step):
            jobs.append(.initialize(segment, keys.map { (key: $0, restored: restored.removeValue(forKey: $0)) }, step: step))
        case .update(let key, let step, let rate, let attempt, _): jobs.append(.update(key, step: step, rate: rate, attempt: attempt))
        case .announce(let key, let step, let worker):
            workers[worker.connection.worker]?.announcements.append((key, step, worker.attempt))
        case .sendReady(let attempt): outgoing.append(.message(.ready, attempt))
        case .sendStored(let stored, let attempt, _): outgoing.append(.message(.stored(stored), attempt))
        case .snapshot(let keys, let step):
            jobs.append(.snapshot(keys.filter(registered.contains), step: step))
            for key in keys where !registered.contains(key) { try sendSnapshot(key, restored[key], step: step) }
        case .handOver(let keys, _, let step):
            jobs.append(.handOver(keys.filter(registered.contains), step: step))
            for key in keys where !registered.contains(key) { try sendParts(key, restored.removeValue(forKey: key), step: step) }
            registered.subtract(keys)
        case .collect(let step):
            jobs.append(.collect(registered.sorted(), step: step))
            registered = []
        case .dropUpdates(let attempt): jobs.removeAll { if case .update(_, _, _, let of) = $0 { of < attempt } else { false } }
        case .refuse(_, let error): throw ModelError("a worker was refused: \(error)")
        case .close(let worker):
            let id = worker.connection.worker
            if connections[id] === worker.connection { connections[id] = nil }
        case .end: hasEnded = true
        }
    }

    private func sendSnapshot(_ key: Key, _ value: Value?, step: Int) throws {
        guard let value, value.step == step else { throw ModelError("a checkpoint of step \(step) from \(String(describing: value))") }
        outgoing.append(.snapshot(step: step, key, value))
    }

    private func sendParts(_ key: Key, _ value: Value?, step: Int) throws {
        guard let value, value.step == step else { throw ModelError("values after step \(step) from \(String(describing: value))") }
        for isMomentum in [false, true] { outgoing.append(.part(BlockPart(key, isMomentum: isMomentum), isMomentum ? nil : value)) }
    }

    // MARK: The update thread

    /// Does the next job.
    func compute() throws {
        switch jobs.removeFirst() {
        case .update(let key, let step, let rate, let attempt):
            guard let machine = state.shard?.machine, let old = buffers[key]?[(step - 1) & 1], old.step == step - 1 else {
                throw ModelError("an update of no value")
            }
            for piece in snapshot?.take(beforeUpdateOf: key, step: step) ?? [] { try copy(piece) }
            guard step & 1 != machine.committed & 1 else { throw ModelError("an update over the committed value") }
            buffers[key]![step & 1] = Value(step: step, number: model.next(old.number, key, step, rate: rate))
            try perform(state.updated(BlockUpdate(key, step: step, attempt: attempt)))
        case .initialize(let segment, let blocks, let step):
            for (key, restored) in blocks {
                let value = restored ?? Value(step: 0, number: model.initial(key))
                guard value.step == step else { throw ModelError("first values of step \(value.step) for step \(step)") }
                buffers[key] = step & 1 == 0 ? [value, nil] : [nil, value]
            }
            try perform(state.initialized(segment))
        case .snapshot(let keys, let step):
            try finishSnapshot()
            snapshot = SnapshotProgress(keys, step: step)
        case .handOver(let keys, let step):
            // The product's snapshot keeps the memory of the blocks; here they are gone.
            try finishSnapshot()
            for key in keys { try sendParts(key, buffers.removeValue(forKey: key)?[step & 1], step: step) }
        case .collect(let keys, let step):
            try finishSnapshot()
            for key in keys {
                guard let value = buffers.removeValue(forKey: key)?[step & 1], value.step == step else {
                    throw ModelError("no value of step \(step) to copy")
                }
                restored[key] = value
            }
            for message in state.collected(keys) { try receive(message) }
        }
    }

    var isCopying: Bool { snapshot != nil }

    /// Copies a piece of the snapshot, while it has nothing else to do.
    func copyPiece() throws {
        if let piece = snapshot?.next() { try copy(piece) }
        if snapshot?.isDone == true { snapshot = nil }
    }

    private func finishSnapshot() throws { while isCopying { try copyPiece() } }

    private func copy(_ piece: SnapshotProgress<Key>.Piece) throws {
        guard let step = snapshot?.step, !piece.isMomentum else { return }
        try sendSnapshot(piece.block, buffers[piece.block]?[step & 1], step: step)
    }

    func askToLeave() { outgoing.append(.message(.leave, 0)) }

    var heartbeat: WireHeartbeat {
        let (machine, phase) = (state.shard?.machine, jobs.isEmpty ? WireHeartbeat.Phase.idle : .updating)
        return .with { ($0.phase, $0.attempt, $0.step) = (phase, machine?.attempt ?? 0, UInt64(machine?.committed ?? 0)) }
    }
}
