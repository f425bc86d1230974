import Coordinator
import NeuralNetwork
import ParameterStore
import Partition
import Protocol
import SwiftProtobuf

/// A store process of the model: the product's `ShardStepMachine` over numbers that depend on every step and rate before them, so that a
/// step that is applied twice, left out, at another rate, or from another buffer than the last committed one shows.
final class ModelStore {
    typealias Key = ParameterBlock.Key

    enum Mail {
        case join(ModelWorker, UInt32, [Key])
        case push(ShardStepMachine.Gradient, step: Int, UInt32, ModelWorker)
    }

    struct Value: Equatable {
        var step: Int
        var number: UInt64
    }

    let id: MemberID
    let hello: WireHello
    var isAlive = true
    var orders: [(order: ModelOrder, attempt: UInt32)] = []
    var outgoing: [ModelWord] = []
    private(set) var jobs: [(key: Key, step: Int, rate: Float, attempt: UInt32)] = []
    private(set) var machine: ShardStepMachine?
    private(set) var buffers: [Key: [Value?]] = [:]
    private var layout: ColumnLayout?
    private var joined: UInt32?
    private var toldReady: UInt32?
    private var links: [MemberID: (worker: ModelWorker, attempt: UInt32, keys: [Key])] = [:]
    private let model: ModelNetwork

    init(_ id: MemberID, _ hello: WireHello, _ model: ModelNetwork) { (self.id, self.hello, self.model) = (id, hello, model) }

    /// Values after the last committed step.
    var committed: [Key: Value] {
        guard let machine else { return [:] }
        return buffers.compactMapValues { $0[machine.committed & 1] }
    }

    /// - Returns: Whether the process ends.
    func receive() throws -> Bool {
        let (order, attempt) = orders.removeFirst()
        switch order {
        case .order(.welcome(let assignment)):
            let isAgain = layout != nil
            layout = assignment.layout
            guard isAgain, let machine else { return false }
            // Other workers will register other tensors: only committed values are kept.
            for (key, values) in buffers { buffers[key] = pair(values[machine.committed & 1], machine.committed) }
            (self.machine, joined, toldReady, jobs) = (nil, nil, nil, [])
        case .order(.topology(let topology)): try begin(topology, attempt)
        case .order(.abort(let abort)):
            if let machine, machine.committed != abort.committed {
                throw ModelError("aborted at step \(abort.committed), committed \(machine.committed)")
            }
            machine?.abort(attempt: attempt)
            jobs.removeAll { $0.attempt < attempt }
            links = links.filter { $0.value.attempt >= attempt }
        case .order(.grant(let grant)): if grant.rate > 0 { perform(machine?.grant(step: grant.step, rate: grant.rate) ?? []) }
        case .order(.commit(let step, let snapshot)):
            perform(try machine?.commit(step: step) ?? [])
            guard snapshot else { break }
            for (key, values) in buffers {
                guard let value = values[step & 1], value.step == step else {
                    throw ModelError("a checkpoint of step \(step) from \(values)")
                }
                outgoing.append(.snapshot(step: step, key, value))
            }
        case .order(.handOver(let keys, let step)):
            guard step == machine?.committed else { throw ModelError("values are asked for after step \(step)") }
            for key in keys {
                let value = buffers.removeValue(forKey: key)?[step & 1]
                for isMomentum in [false, true] { outgoing.append(.part(BlockPart(key, isMomentum: isMomentum), isMomentum ? nil : value)) }
            }
        case .restore(let part, let value):
            if let value { buffers[part.key] = pair(value, value.step) }
            sayReady()
        case .order(.release), .order(.evict), .order(.refuse), .closed: return true
        }
        return false
    }

    private func pair(_ value: Value?, _ step: Int) -> [Value?] { step & 1 == 0 ? [value, nil] : [nil, value] }

    private func begin(_ topology: Topology, _ attempt: UInt32) throws {
        guard let layout, let rank = topology.stores.firstIndex(of: id), let placement = topology.placement else {
            throw ModelError("a topology without this store")
        }
        if machine == nil {
            let keys = Set(model.blocks.map(\.key).filter { placement[$0] == rank })
            let tree = try GradientTree(slices: model.slices, replicas: layout.replicas)
            machine = ShardStepMachine(keys: keys, contributions: tree.contributions.count, base: topology.base, attempt: attempt)
            if !topology.restores { for key in keys { buffers[key] = [Value(step: 0, number: model.initial(key)), nil] } }
        }
        guard attempt == machine?.attempt, topology.base == machine?.committed else { throw ModelError("a topology of another attempt") }
        joined = attempt
        sayReady()
    }

    private func sayReady() {
        guard let machine, let joined, joined == machine.attempt, machine.keys.allSatisfy({ buffers[$0] != nil }) else { return }
        if toldReady != joined {
            toldReady = joined
            outgoing.append(.message(.ready, joined))
        }
        for link in links.values where link.attempt == joined { announceAll(link.worker, link.attempt, link.keys) }
    }

    private func announceAll(_ worker: ModelWorker, _ attempt: UInt32, _ keys: [Key]) {
        guard let machine, joined == machine.attempt, attempt == machine.attempt, keys.allSatisfy({ buffers[$0] != nil }) else { return }
        for key in keys { worker.announcements.append((key, machine.committed, attempt)) }
    }

    func take(_ mail: Mail) throws {
        switch mail {
        case .join(let worker, let attempt, let keys):
            links[worker.id] = (worker, attempt, keys)
            announceAll(worker, attempt, keys)
        case .push(let gradient, let step, let attempt, let worker):
            guard links[worker.id]?.attempt == attempt else { return }
            perform(try machine?.push(gradient, step: step, attempt: attempt) ?? [])
        }
    }

    private func perform(_ actions: [ShardStepMachine.Action]) {
        guard let machine else { return }
        for action in actions {
            switch action {
            case .update(let key, let step, let rate): jobs.append((key, step, rate, machine.attempt))
            case .announce(let key, let step):
                for link in links.values where link.attempt == machine.attempt && link.keys.contains(key) {
                    link.worker.announcements.append((key, step, machine.attempt))
                }
            case .stored(let step): outgoing.append(.message(.stored(.with { $0.step = UInt64(step) }), machine.attempt))
            }
        }
    }

    /// Computes the next update.
    func compute() throws {
        let job = jobs.removeFirst()
        guard let machine, let old = buffers[job.key]?[(job.step - 1) & 1], old.step == job.step - 1 else {
            throw ModelError("an update of no value")
        }
        guard job.step & 1 != machine.committed & 1 else { throw ModelError("an update over the committed value") }
        buffers[job.key]![job.step & 1] = Value(step: job.step, number: model.next(old.number, job.key, job.step, rate: job.rate))
        perform(self.machine?.finishedUpdate(job.key, step: job.step, attempt: job.attempt) ?? [])
    }

    func askToLeave() { outgoing.append(.message(.leave, 0)) }

    var heartbeat: WireHeartbeat {
        .with { ($0.phase, $0.attempt, $0.step) = (.idle, machine?.attempt ?? 0, UInt64(machine?.committed ?? 0)) }
    }
}
