import Coordinator
import NeuralNetwork
import ParameterStore
import Partition
import Protocol
import Security
import SwiftProtobuf
import Worker

/// A worker process of the model: the product's `WorkerState` and `StepSequence`, with queues in place of connections. What its two threads
/// do is done by `receive` and `act`.
final class ModelWorker {
    typealias Key = ParameterBlock.Key

    final class Connection: Sendable {}

    let id: MemberID
    let hello: WireHello
    var isAlive = true
    var orders: [(order: ModelOrder, attempt: UInt32)] = []
    var outgoing: [ModelWord] = []
    /// Announcements of stores: the step of a parameter's newest value.
    var announcements: [(key: Key, step: Int, attempt: UInt32)] = []
    /// What it sends to stores, by store.
    var toStores: [MemberID: [ModelStore.Mail]] = [:]
    private(set) var state = WorkerState<Connection>()
    private var ready: WorkerAssignment?
    private var topologies: [UInt32: Topology] = [:]
    private var work: Work?
    private let model: ModelNetwork

    private enum Stage { case connecting, awaitingValues, stepping }

    private struct Work {
        let attempt: UInt32
        let rank: Int
        let topology: Topology
        let blocks: [Key]
        let contributions: Range<Int>
        var stage = Stage.connecting
        var sequence: StepSequence
        var current: StepSequence.Work?
        /// Gradients of the step that have not been pushed yet.
        var pushes: [ShardStepMachine.Gradient] = []
    }

    init(_ id: MemberID, _ hello: WireHello, _ model: ModelNetwork) { (self.id, self.hello, self.model) = (id, hello, model) }

    // MARK: The loop's thread

    func receive() throws {
        let (order, attempt) = orders.removeFirst()
        switch order {
        case .order(.welcome(let assignment)):
            _ = try state.assign(
                .with {
                    ($0.run, $0.rank, $0.startsStore) = (1, UInt32(assignment.rank), assignment.startsStore)
                    ($0.workers, $0.replicas) = (UInt32(assignment.layout.workers), UInt32(assignment.layout.replicas))
                })
        case .order(.topology(let topology)):
            topologies[attempt] = topology
            _ = try state.announce(.with { ($0.attempt, $0.baseStep) = (attempt, UInt64(topology.base)) })
        case .order(.abort(let abort)): _ = state.abort(.with { ($0.attempt, $0.spare) = (attempt, abort.becomesSpare) })
        case .order(.grant(let grant)):
            try state.grant(.with { ($0.step, $0.learningRate, $0.validate) = (UInt64(grant.step), grant.rate, grant.validates) })
        case .order(.release): state.end(.with { $0.left = true })
        case .order(.evict), .order(.refuse): state.end(.with { $0.failed = true })
        case .order(.commit), .order(.handOver), .restore: throw ModelError("a worker takes no such order")
        case .closed: state.fail(WireError(.closed, "the coordinator is gone"))
        }
    }

    func receiveAnnouncement() {
        let (key, step, attempt) = announcements.removeFirst()
        state.update(attempt: attempt) { $0.values[key] = step }
    }

    // MARK: The compute thread

    enum Event { case acted, startStore, exited }

    /// Does the next piece of work.
    /// - Returns: Nil where there is nothing to do yet.
    func act() throws -> Event? {
        if let work {
            guard state.interruption == nil else {
                self.work = nil
                return .acted
            }
            return try act(work)
        }
        let next: WorkerState<Connection>.Next?
        do { next = try state.next(ready) } catch { return .exited }
        switch next {
        case nil: return nil
        case .end: return .exited
        case .startStore: return .startStore
        case .becomeSpare: ready = nil
        case .prepare(let welcome): ready = WorkerAssignment(welcome)
        case .join(let topology):
            guard let ready, let order = topologies[topology.attempt] else { throw ModelError("an attempt without a topology") }
            work = try begin(topology.attempt, order, ready)
        }
        return .acted
    }

    private func begin(_ attempt: UInt32, _ topology: Topology, _ assignment: WorkerAssignment) throws -> Work {
        let layout = try ColumnLayout(columns: model.columns, workers: assignment.workers, replicas: assignment.replicas)
        let columns = layout.columns(of: assignment.rank)
        let tree = try GradientTree(slices: model.slices, replicas: assignment.replicas)
        return Work(
            attempt: attempt, rank: assignment.rank, topology: topology,
            blocks: model.blocks.map(\.key).filter { columns.contains($0.column) },
            contributions: tree.contributions(of: layout.replica(of: assignment.rank)), sequence: StepSequence(after: topology.base))
    }

    private func act(_ before: Work) throws -> Event? {
        var work = before
        switch work.stage {
        case .connecting:
            for store in Set(work.blocks.map { holder($0, work) }) {
                toStores[store] = [.join(self, rank: work.rank, work.attempt, work.blocks.filter { holder($0, work) == store })]
            }
            work.stage = .awaitingValues
        case .awaitingValues:
            guard state.attempt.hasValues(work.blocks, after: work.topology.base) else { return nil }
            say(.ready, work)
            work.stage = .stepping
        case .stepping:
            switch work.current {
            case .train(let grant)?:
                let step = Int(grant.step)
                guard state.attempt.hasValues(work.blocks, after: step - 1) else { return nil }
                if let gradient = work.pushes.popLast() {
                    toStores[holder(gradient.key, work), default: []].append(.push(gradient, step: step, work.attempt, self))
                } else {
                    say(.trained(.with { ($0.step, $0.lossSum) = (grant.step, 1) }), work)
                    work.current = nil
                }
            case .validate(let step)?:
                guard state.attempt.hasValues(work.blocks, after: step) else { return nil }
                guard state.attempt.values.values.allSatisfy({ $0 == step }) else {
                    throw ModelError("validated values of another step than \(step)")
                }
                say(.validated(model.validation(after: step)), work)
                work.current = nil
            case nil:
                var sequence = work.sequence
                var next: StepSequence.Work?
                state.update(attempt: work.attempt) { next = sequence.next(&$0) }
                guard let next else {
                    guard state.endOfWait != nil else { return nil }
                    self.work = nil
                    return .acted
                }
                (work.sequence, work.current) = (sequence, next)
                if case .train = next {
                    work.pushes = work.blocks.flatMap { key in
                        work.contributions.map { ShardStepMachine.Gradient(of: key, contribution: $0) }
                    }
                }
            }
        }
        self.work = work
        return .acted
    }

    private func holder(_ key: Key, _ work: Work) -> MemberID { work.topology.stores[work.topology.placement![key]!] }

    private func say(_ message: MemberMessage, _ work: Work) { outgoing.append(.message(message, work.attempt)) }

    /// A connection to another process breaks; the coordinator hears of it.
    func breakLink() {
        guard let work else { return }
        say(.linkLost(.with { ($0.role, $0.rank, $0.reason) = (.worker, 0, "made by the test") }), work)
    }

    func askToLeave() { outgoing.append(.message(.leave, 0)) }

    /// What it tells of itself in a heartbeat.
    func heartbeat(since: Double, now: Double) -> WireHeartbeat {
        .with {
            $0.attempt = state.attempt.number
            $0.seconds = now - since
            guard let work, work.stage == .stepping, work.current == nil else { return $0.phase = .holding }
            ($0.phase, $0.step) = (.awaitingGrant, UInt64(work.sequence.awaitedStep))
        }
    }
}
