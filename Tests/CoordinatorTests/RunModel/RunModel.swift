import Coordinator
import NeuralNetwork
import Partition
import Platform
import Protocol
import RunLog
import Security
import SwiftProtobuf
import Worker

/// A whole run in memory: the product's `RunState`, workers and stores with the product's own logic, and connections as queues that deliver
/// in order, at any time. A supervisor starts workers again that end before the run does.
final class RunModel {
    typealias Key = ParameterBlock.Key

    private(set) var state: RunState
    private(set) var outcome: RunOutcome?
    /// Steps and validations as the journal has them.
    private(set) var steps: [Int] = []
    private(set) var validations: [RunHistory.Validation] = []
    private(set) var rates: [Double] = []
    /// Whether training has begun, with the coordinator that is there now.
    private(set) var hasBegun = false
    /// Whether a smaller layout was named as a way to continue.
    private(set) var hasNamedLayout = false
    /// Whether the journal says that training has paused.
    private var isPaused = false
    private(set) var checkpoints: [Int: [Key: UInt64]] = [:]
    /// Checkpoints that the disk has taken.
    private(set) var saved: Set<Int> = []
    private var isDiskFull = false
    private var workers: [MemberID: ModelWorker] = [:]
    private var stores: [MemberID: ModelStore] = [:]
    private var lossyConnections: Set<MemberID> = []
    private var arriving: [Int: [Key: UInt64]] = [:]
    private var writing: [Int] = []
    private var restarts: [String] = []
    /// Stores that are started again: the files of those before them, and their hosts.
    private var storeRestarts: [(file: ModelStore.File, host: String)] = []
    /// How often everything was started again.
    private(set) var successions = 0
    private let plan: RunPlan
    private var world: ModelWorld

    init(seed: Int, workers: Int, replicas: Int = 1, stores: Int, last: Int) throws {
        let model = try ModelNetwork()
        world = ModelWorld(model: model, random: ModelRandom(seed))
        var plan = RunPlan(
            configuration: model.configuration, layout: try ColumnLayout(columns: model.columns, workers: workers, replicas: replicas),
            steps: last, dataset: RunDataset(path: "", fingerprint: "", classes: [], images: 1000, mean: [], shape: []),
            listen: SocketAddress(host: "127.0.0.1", port: 1))
        plan.stores = .byHand(stores)
        (plan.limits.isElastic, plan.limits.elasticInterval, plan.limits.restarts) = (true, 1, 20)
        plan.run = 1
        self.plan = plan
        state = try RunState(plan, at: world.now)
        for index in 0..<stores { startStore(host: "host \(index)") }
        for index in 0..<workers { startWorker(host: "host \(index % 2)") }
    }

    private func hello(_ role: WireHello.Role, host: String) -> WireHello {
        world.processes += 1
        return .with {
            ($0.role, $0.productVersion, $0.hostIdentity, $0.hostName) = (role, Product.version, host, host)
            $0.processID = UInt32(world.processes)
        }
    }

    private func connect() -> MemberID {
        world.connections += 1
        return MemberID(world.connections)
    }

    private func startWorker(host: String) {
        let worker = ModelWorker(connect(), hello(.worker, host: host), world.model)
        workers[worker.id] = worker
        handle(.joined(worker.id, worker.hello, PeerAddress(host: host, text: host)))
    }

    private func startStore(_ file: ModelStore.File = ModelStore.File(), host: String) {
        let store = ModelStore(connect(), hello(.store, host: host), file, world.model)
        stores[store.id] = store
        handle(.joined(store.id, store.hello, PeerAddress(host: host, text: host)))
    }

    // MARK: The coordinator

    private func handle(_ input: RunInput, carrying value: ModelStore.Value? = nil) {
        for effect in state.handle(input, at: world.now) { carryOut(effect, value) }
    }

    private func carryOut(_ effect: Effect, _ value: ModelStore.Value?) {
        switch effect {
        case .send(let order, let id, let attempt): post(.order(order), to: id, attempt)
        case .finish(let id): post(.closed, to: id)
        case .cancel(let id, _, _): if workers[id]?.isAlive == true || stores[id]?.isAlive == true { post(.closed, to: id) }
        case .reject(let id, let reason): failure = failure ?? "\(id) was rejected: \(reason)"
        case .forward(let part, let id): post(.restore(part, value), to: id)
        case .beginCheckpoint(let step): arriving[step] = [:]
        case .journal(.step(let metrics)):
            steps.append(metrics.step)
            rates.append(metrics.learning_rate)
        case .keepLines(let step):
            (steps, rates) = (Array(steps.prefix(step)), Array(rates.prefix(step)))
            validations.removeAll { $0.step > step }
        case .dropCheckpoint(let step): arriving[step] = nil
        case .journal(.started): hasBegun = true
        case .journal(.smallerLayout): hasNamedLayout = true
        case .journal(.paused): isPaused = true
        case .journal(.resumed):
            if !isPaused { failure = failure ?? "training continued after a pause that was not reported" }
            isPaused = false
        case .journal(.validated(let metrics)): validations.append(.init(step: metrics.step, error: metrics.top1_error))
        // A supervisor starts everything again.
        case .end(.lost(let reason)) where successions < 50 && !reason.contains("did not join"): succeed(because: reason)
        case .end(let result): outcome = result
        case .answer, .journal, .record, .restoreStartingValues, .wake: break
        }
    }

    /// What no story may do.
    private(set) var failure: String?

    private func post(_ order: ModelOrder, to id: MemberID, _ attempt: UInt32 = 0) {
        if let worker = workers[id], worker.isAlive { worker.orders.append((order, attempt)) }
        if let store = stores[id], store.isAlive { store.orders.append((order, attempt)) }
    }

    private func hear(_ word: ModelWord, from id: MemberID) {
        // The frame after a lost one shows the gap, and the connection ends.
        if lossyConnections.contains(id), case .message = word { return exit(id) }
        switch word {
        case .message(let message, let attempt): handle(.message(id, attempt: attempt, message))
        case .part(let part, let value): handle(.moved(part, from: id), carrying: value)
        case .snapshot(let step, let key, let value):
            arriving[step]?[key] = value.number
            guard let blocks = arriving[step], blocks.count == world.model.blocks.count else { return }
            (arriving[step], checkpoints[step]) = (nil, blocks)
            writing.append(step)
            handle(.snapshotArrived(step: step))
        case .closed: handle(.disconnected(id, reason: "closed"))
        }
    }

    // MARK: Faults

    /// A process ends: what it has sent still arrives, and then the end of its connection.
    private func exit(_ id: MemberID) {
        lossyConnections.remove(id)
        if let worker = workers[id], worker.isAlive {
            worker.isAlive = false
            worker.outgoing.append(.closed)
            restarts.append(worker.hello.hostName)
        }
        if let store = stores[id], store.isAlive {
            store.isAlive = false
            store.outgoing.append(.closed)
            if !store.isReleased { storeRestarts.append((store.file, store.hello.hostName)) }
        }
    }

    /// Another coordinator takes the run over. Every process that had a connection to the one before finds it closed.
    private func succeed(because reason: String) {
        successions += 1
        var plan = plan
        (plan.layout, plan.stores) = (state.layout, .byHand(max(1, state.rendezvous.stores.count)))
        (plan.history.survivingRun, plan.history.restartReason, plan.history.validations) = (1, reason, validations)
        plan.history.recordedStep = steps.count
        (arriving, writing, lossyConnections, hasBegun) = ([:], [], [], false)
        for worker in workers.values where worker.isAlive { (worker.isAlive, _) = (false, restarts.append(worker.hello.hostName)) }
        for store in stores.values where store.isAlive && !store.isReleased {
            (store.isAlive, _) = (false, storeRestarts.append((store.file, store.hello.hostName)))
        }
        (workers, stores) = ([:], [:])
        do { state = try RunState(plan, at: world.now) } catch { failure = failure ?? "\(error)" }
    }

    private var living: [ModelWorker] { workers.values.filter(\.isAlive).sorted { $0.id < $1.id } }

    func inject(_ fault: ModelFault) {
        guard outcome == nil else { return }
        let (workers, stores) = (living, stores.values.filter(\.isAlive).sorted { $0.id < $1.id })
        func worker(_ index: Int) -> ModelWorker? { workers.isEmpty ? nil : workers[index % workers.count] }
        switch fault {
        case .killWorker(let index): if let worker = worker(index) { exit(worker.id) }
        case .loseWorker(let index):
            guard let worker = worker(index) else { return }
            exit(worker.id)
            restarts.removeLast()
        case .killWorkers(let count): for worker in workers.prefix(count) { exit(worker.id) }
        case .killStore(let index): if !stores.isEmpty { exit(stores[index % stores.count].id) }
        case .killCoordinator: succeed(because: "killed")
        case .killCoordinatorWithALine:
            let lost = steps.popLast()
            validations.removeAll { $0.step == lost }
            rates = Array(rates.prefix(steps.count))
            succeed(because: "killed")
        case .breakLink(let index): worker(index)?.breakLink()
        case .loseMessage(let index):
            guard let worker = worker(index), !worker.outgoing.isEmpty else { return }
            worker.outgoing.removeFirst()
            lossyConnections.insert(worker.id)
        case .leave(let index): worker(index)?.askToLeave()
        case .join: startWorker(host: "host 1")
        case .resize(let workers, let replicas):
            handle(.command(.resize(workers: workers, replicas: replicas), CommandOrigin(MemberID(0), PeerAddress(host: "", text: ""))))
        case .checkpoint: handle(.command(.checkpoint, CommandOrigin(MemberID(0), PeerAddress(host: "", text: ""))))
        case .stop: handle(.stop)
        case .fillDisk: isDiskFull = true
        case .freeDisk: isDiskFull = false
        }
    }

    private func writeCheckpoint() {
        let step = writing.removeFirst()
        guard !isDiskFull else { return handle(.checkpointFailed(step: step, reason: "the disk is full", isPermanent: false)) }
        saved.insert(step)
        handle(.checkpointWritten(step: step, path: ""))
    }

    // MARK: Running

    /// One event that may happen next, chosen at random.
    /// - Returns: False where nothing but time can pass.
    func advance() throws -> Bool {
        var events: [() throws -> Bool] = []
        func add(_ event: @escaping () throws -> Void) {
            events.append {
                try event(); return true
            }
        }
        for worker in workers.values.sorted(by: { $0.id < $1.id }) {
            if !worker.outgoing.isEmpty { add { self.hear(worker.outgoing.removeFirst(), from: worker.id) } }
            guard worker.isAlive else { continue }
            if !worker.orders.isEmpty { add { try worker.receive() } }
            if !worker.announcements.isEmpty { add { worker.receiveAnnouncement() } }
            for (id, mail) in worker.toStores.sorted(by: { $0.key < $1.key }) where !mail.isEmpty {
                add { try self.deliver(worker.toStores[id]!.removeFirst(), to: id) }
            }
            events.append { try self.act(worker) }
        }
        for store in stores.values.sorted(by: { $0.id < $1.id }) {
            if !store.outgoing.isEmpty { add { self.hear(store.outgoing.removeFirst(), from: store.id) } }
            guard store.isAlive else { continue }
            if !store.orders.isEmpty { add { if try store.receive() { self.exit(store.id) } } }
            if !store.jobs.isEmpty { add { try store.compute() } }
            if store.isCopying { add { try store.copyPiece() } }
        }
        if !writing.isEmpty { add { self.writeCheckpoint() } }
        if !restarts.isEmpty { add { self.startWorker(host: self.restarts.removeFirst()) } }
        if !storeRestarts.isEmpty {
            add {
                let (file, host) = self.storeRestarts.removeFirst()
                self.startStore(file, host: host)
            }
        }
        events.shuffle(using: &world.random)
        for event in events where try event() {
            world.moved = world.now
            // A moment passes now and then, whatever else happens.
            if Int.random(in: 0..<50, using: &world.random) == 0 { passTime(0.25) }
            return true
        }
        return false
    }

    private func deliver(_ mail: ModelStore.Mail, to id: MemberID) throws {
        if let store = stores[id], store.isAlive { try store.take(mail) }
    }

    private func act(_ worker: ModelWorker) throws -> Bool {
        switch try worker.act() {
        case nil: return false
        case .acted?: return true
        case .startStore?:
            startStore(host: worker.hello.hostName)
            return true
        case .exited?:
            // One that was released is not started again.
            let isReleased = worker.state.finish?.left == true
            exit(worker.id)
            if isReleased { restarts.removeLast() }
            return true
        }
    }

    /// Heartbeats and a tick of the coordinator's clock.
    func passTime(_ seconds: Double) {
        world.now += seconds
        for worker in living { handle(.heartbeat(worker.id, worker.heartbeat(since: world.moved, now: world.now))) }
        for store in stores.values where store.isAlive { handle(.heartbeat(store.id, store.heartbeat)) }
        handle(.tick)
    }

    /// The parameters after the last committed step, over all stores.
    var values: [Key: UInt64] {
        stores.values.filter(\.isAlive).reduce(into: [:]) { all, store in all.merge(store.committed.mapValues(\.number)) { $1 } }
    }
}
