import Foundation
import Glibc
import Kernels
import NeuralNetwork
import Partition
import Platform
public import Protocol
public import Security
import SwiftProtobuf
import Tensors
public import Transport

/// One shard of the parameter store: keeps its blocks' values and momentum, applies the updates, hands the values
/// back, and gives them to the coordinator for checkpoints. The same service runs inside the coordinator's process
/// and as a process of its own.
public final class StoreService: @unchecked Sendable, LinkReceiver {
    let loop: EventLoop
    private let engine: Engine
    let log: ProcessLog
    private let outcome = Monitor<Result<SessionOutcome, WireError>?>(nil)
    let updates: UpdateThread
    private let updated = Monitor<(@Sendable (UpdateThread.Report) -> Void)?>(nil)
    /// To the coordinator, once it has let the store in.
    let way = Monitor<(link: Link, run: UInt64)?>(nil)

    // Touched by the loop's thread only.
    var coordinator: Link?
    private var listener: Listener?
    var address: SocketAddress?
    var introduction: Introduction?
    var heartbeat: HeartbeatSender?
    var run: UInt64 = 0
    var rank = 0
    var patience = 0.0
    var configuration: RunConfiguration?
    var layout: ColumnLayout?
    var tree: GradientTree?
    /// Of the whole network, in the order of their keys; nil before the welcome.
    private var network: [ParameterBlock]?
    /// The same by their keys.
    private var blocks: [ParameterBlock.Key: ParameterBlock] = [:]
    private var base = 0
    private var restores = false
    var memory: ShardMemory?
    /// Packed values and momentum of blocks that no worker has registered yet.
    var restored: [ParameterBlock.Key: [TensorBuffer?]] = [:]
    private var workers: [ObjectIdentifier: WorkerLink] = [:]
    var machine: ShardStepMachine?
    /// The attempt whose topology is here; the machine's is newer between a loss and the next topology.
    var joined: UInt32?
    var toldReady: UInt32?
    /// What the coordinator has said while values are copied for another layout; nil otherwise.
    var deferred: [WireControlMessage]?
    private var steps = StepRecords()
    /// Steps under way whose norms are taken.
    private var measured: Set<Int> = []

    /// - Parameter log: takes lines for the process's log and the run's.
    public init(security: LinkSecurity = .none, log: ProcessLog) throws {
        self.log = log
        engine = try Engine()
        loop = try EventLoop(name: "store-io", security: security)
        let updated = updated
        updates = UpdateThread(engine: engine) { report in updated.read { $0 }?(report) }
    }

    /// Joins a run and serves it until it ends.
    /// - Parameters:
    ///   - listen: where workers connect; nil takes a free port on the local address of the coordinator's connection.
    ///   - patience: seconds to wait for the coordinator to come up.
    /// - Throws: where the coordinator is gone, does not answer, or does not let it in.
    public func serve(coordinator address: SocketAddress, listen: SocketAddress? = nil, patience: Double = 30) throws
        -> SessionOutcome
    {
        let link = try WireError.admission { try Connector.connectPatiently(to: address, loop: loop, patience: patience) }
        let place = listen ?? SocketAddress(host: link.local.host, port: 0)
        let listener = try Listener(place, loop: loop) { [weak self] link in
            guard let self else { return }
            link.start(self)
        }
        let introduction = Introduction(
            role: .store, instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion, threads: 1,
            datasetFingerprint: "")
        updated.update {
            $0 = { [weak self] report in
                guard let self else { return }
                loop.submit { self.received(report) }
            }
        }
        loop.submit { [self] in
            (coordinator, self.address, self.listener, self.introduction) = (link, address, listener, introduction)
        }
        let updates = updates
        let updater = ServiceThread(name: "store-update") { updates.run() }
        link.start(self)
        link.send(introduction.hello(listenPort: listener.address.port))
        let result = outcome.wait { $0 }!
        updates.submit(.stop)
        updater.join()
        loop.submit { [self] in
            listener.stop()
            heartbeat?.stop()
            for worker in workers.values { worker.link.cancel() }
            link.finish()
        }
        usleep(20_000)
        loop.stop()
        return try result.get()
    }

    func end(_ result: SessionOutcome) { outcome.update { if $0 == nil { $0 = .success(result) } } }
    func lose(_ error: WireError) { outcome.update { if $0 == nil { $0 = .failure(error) } } }

    // MARK: Frames

    public func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        switch header.kind {
        case .control: return .bytes(limit: WireControlMessage.sizeLimit)
        case .push:
            guard header.run == run, let worker = workers[ObjectIdentifier(link)], worker.attempt == header.attempt,
                let block = worker.segment?.blocks[ParameterBlock.Key(header.blockKey)],
                worker.contributions.contains(Int(header.contribution))
            else { throw WireError(.malformed, "a gradient for a tensor that is not this worker's") }
            return header.flags.contains(.shared) ? .bytes(limit: 0) : .memory(block.gradients.buffers[Int(header.contribution)].bytes)
        case .restore:
            let key = ParameterBlock.Key(header.blockKey)
            guard link === coordinator, header.run == run, let block = memory == nil ? blocks[key] : memory?.expected[key] else {
                throw WireError(.malformed, "a value for a tensor that is not this store's")
            }
            let buffer: TensorBuffer
            do { buffer = try .allocate(floats: block.shape.count) } catch {
                // The coordinator's connection ends over it, and is not to blame.
                end(.failed("\(error)"))
                throw error
            }
            restored[key, default: [nil, nil]][header.isMomentum ? 1 : 0] = buffer
            return .memory(UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(block.shape.count * 4)]))
        case .slab, .value, .snapshot, .data: throw WireError(.malformed, "a store takes no \(header.kind) frames")
        }
    }

    public func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        switch header.kind {
        case .control:
            let message = try WireControlMessage(payload: payload)
            if link === coordinator { try receivedInTurn(message) } else { try receivedFromWorker(message, link) }
        case .push:
            do {
                let gradient = ShardStepMachine.Gradient(
                    of: ParameterBlock.Key(header.blockKey), contribution: Int(header.contribution))
                perform(try machine?.push(gradient, step: Int(clamping: header.step), attempt: header.attempt) ?? [])
            } catch { throw WireError(.malformed, "a gradient out of turn: \(error)") }
        case .restore: try registerWaiting()
        default: break
        }
    }

    public func closed(_ link: Link, _ error: WireError) {
        if link === coordinator {
            lose(WireError(error.code, "the coordinator is gone: \(error)"))
        } else if workers.removeValue(forKey: ObjectIdentifier(link)) != nil, error.code != .closed {
            log.warning("connection to a worker ended: \(error)")
        }
    }

    // MARK: Control

    func receivedFromCoordinator(_ message: WireControlMessage) throws {
        switch message.body {
        case .welcome(let welcome):
            let isAgain = configuration != nil
            (run, rank, patience) = (welcome.run, Int(welcome.rank), welcome.patience)
            let configuration = try RunConfiguration(json: welcome.configuration)
            layout = try ColumnLayout(
                columns: configuration.network.columns, workers: Int(welcome.workers), replicas: Int(welcome.replicas))
            tree = try GradientTree(slices: configuration.recipe.slices, replicas: Int(welcome.replicas))
            self.configuration = configuration
            let network = try configuration.network.parameterBlocks()
            (self.network, blocks) = (network, Dictionary(uniqueKeysWithValues: network.map { ($0.key, $0) }))
            if isAgain { return rearrange() }
            FaultPlace.identify(.store, rank: rank)
            way.update { [coordinator, run] in $0 = coordinator.map { ($0, run) } }
            try startHeartbeat()
        case .handOver(let order): try handOver(Set(order.blocks.map { ParameterBlock.Key($0) }), step: Int(clamping: order.step))
        case .refusal(let refusal): end(.failed("the coordinator refused this store: \(refusal.reason)"))
        case .topology(let topology): try received(topology)
        case .abort(let abort):
            machine?.abort(attempt: abort.attempt)
            updates.abort(abort.attempt)
            (steps, measured) = (StepRecords(), [])
            // Workers come again, on connections of the new attempt.
            for worker in workers.values where worker.attempt < abort.attempt { worker.link.cancel("a loss ended the attempt") }
        case .grant(let grant):
            let step = Int(clamping: grant.step)
            guard let committed = machine?.committed, (committed...committed + ShardStepMachine.window).contains(step) else {
                throw WireError(.malformed, "a grant of a step that is not next")
            }
            if grant.trace { steps.trace(step) }
            if grant.measure { measured.insert(step) }
            perform(machine?.grant(step: step, rate: grant.learningRate) ?? [])
        case .commit(let commit): try received(commit)
        case .finish(let finish): end(SessionOutcome(finish))
        default: throw WireError(.malformed, "a control message that a store does not take")
        }
    }

    private func received(_ topology: WireTopology) throws {
        guard let configuration, let network, let tree, let listener else { throw WireError(.malformed, "a topology before the welcome") }
        let own = topology.stores.firstIndex { $0.port == UInt32(listener.address.port) && $0.processID == UInt32(getpid()) }
        guard let own, topology.baseStep <= WireTopology.stepLimit else {
            throw WireError(.malformed, "a topology without this store")
        }
        if memory == nil {
            let placement = try topology.placement(of: network)
            (base, restores) = (Int(clamping: topology.baseStep), topology.restores)
            let blocks = network.filter { placement[$0.key] == own }
            memory = ShardMemory(blocks, tree: tree, exchange: configuration.recipe.exchange)
            machine = ShardStepMachine(
                keys: Set(blocks.map(\.key)), contributions: tree.contributions.count, base: base, attempt: topology.attempt)
        }
        guard let machine, topology.attempt == machine.attempt, topology.baseStep == UInt64(machine.committed) else {
            throw WireError(.malformed, "a topology of another attempt than the store is in")
        }
        joined = topology.attempt
        try registerWaiting()
        sendReady()
    }

    private func received(_ commit: WireCommit) throws {
        guard machine != nil else { return }
        let step = Int(clamping: commit.step)
        do { perform(try machine!.commit(step: step)) } catch {
            throw WireError(.malformed, "the coordinator committed step \(step), which is not stored: \(error)")
        }
        steps.forget(step)
        measured.remove(step)
        if commit.snapshot, let coordinator, let memory {
            sendValues(memory.expected.values.sorted { $0.key < $1.key }, step: step, to: coordinator, .snapshot)
        }
    }

    private func receivedFromWorker(_ message: WireControlMessage, _ link: Link) throws {
        switch message.body {
        case .hello(let hello):
            guard hello.role == .worker, hello.run == run, run != 0 else {
                var refusal = WireRefusal()
                refusal.reason = "this store serves another run"
                link.send(.with { $0.refusal = refusal })
                link.finish()
                return
            }
            try link.admit(hello)
            workers[ObjectIdentifier(link)] = WorkerLink(
                link, isLocal: hello.hostIdentity == HostIdentity.value, attempt: hello.attempt, rank: Int(hello.rank))
        case .register(let register):
            guard let worker = workers[ObjectIdentifier(link)], worker.segment == nil, worker.register == nil else {
                throw WireError(.malformed, "a worker registered twice, or before its introduction")
            }
            worker.register = register
            try registerWaiting()
        case .ready:
            guard let worker = workers[ObjectIdentifier(link)], worker.segment != nil else {
                throw WireError(.malformed, "a worker is ready before its tensors are registered")
            }
            worker.isReady = true
            announceAll(to: worker)
        default: throw WireError(.malformed, "a control message that a store does not take")
        }
    }

    /// Registers the workers whose tensors' values are known: initial ones when the topology is, restored ones when
    /// they are here. A worker may have heard of the topology first.
    private func registerWaiting() throws {
        guard memory != nil, let configuration, let machine, let layout, let tree else { return }
        for worker in workers.values {
            guard let message = worker.register, worker.attempt == machine.attempt, joined == machine.attempt else { continue }
            let keys = message.blocks.map { ParameterBlock.Key($0.key) }
            let isKnown = keys.allSatisfy { memory?.segment(of: $0) != nil }
            let isComplete = keys.allSatisfy { restored[$0]?.allSatisfy { $0 != nil } ?? false }
            guard !restores || isKnown || isComplete else { continue }
            worker.register = nil
            let registered: (StoreSegment, isNew: Bool)? = refusing(worker) {
                guard worker.rank < layout.workers else { throw WireError(.refused, "its rank is beyond the run's workers") }
                worker.replica = layout.replica(of: worker.rank)
                worker.contributions = tree.contributions(of: worker.replica)
                let isTaken = workers.values.contains { other in
                    other.attempt == worker.attempt && other.replica == worker.replica && keys.contains { other.segment?.blocks[$0] != nil }
                }
                guard !isTaken else { throw WireError(.refused, "it registered tensors of another worker, which are not of its columns") }
                return try memory!.register(message, engine: engine)
            }
            guard let (segment, isNew) = registered else { continue }
            worker.segment = segment
            // The worker plans its kernels on the memory while the values are drawn into it.
            let announcement = segment.announcement(shared: worker.isLocal, contributions: worker.contributions)
            worker.link.send(.with { $0.segment = announcement }, run: run, attempt: worker.attempt)
            guard isNew else { continue }
            let blocks = segment.blocks.values.sorted { $0.block.key < $1.block.key }
                .map { (block: $0, restored: restored.removeValue(forKey: $0.block.key)) }
            updates.submit(.initialize(blocks, InitialValues(configuration.recipe), step: base, of: segment))
        }
    }

    /// A worker that claims what is another's costs itself alone its connection; where there is no memory for what it may
    /// have, the store is at an end.
    private func refusing<Result>(_ worker: WorkerLink, _ body: () throws -> Result) -> Result? {
        do { return try body() } catch {
            log.warning("a worker on \(worker.link.remote) was refused: \(error)")
            worker.link.cancel("\(error)")
            if error is MemoryError || (error as? WireError)?.code == .system { end(.failed("\(error)")) }
            return nil
        }
    }

    /// Tells a worker of all its values, once it can take them and they are there.
    private func announceAll(to worker: WorkerLink) {
        guard worker.isReady, let machine, worker.attempt == machine.attempt, let segment = worker.segment,
            memory?.hasValues(segment) == true
        else { return }
        for stored in segment.blocks.values { announce(stored, step: machine.committed, to: worker) }
    }

    /// Says, once in an attempt, that every tensor has values.
    private func sendReady() {
        guard memory?.isComplete == true, let joined, toldReady != joined, joined == machine?.attempt else { return }
        toldReady = joined
        coordinator?.send(.with { $0.ready = WireReady() }, run: run, attempt: joined)
    }

    // MARK: Updates

    private func received(_ report: UpdateThread.Report) {
        switch report {
        case .updated(let stored, let step, let attempt, let result, let stopwatch):
            guard attempt == machine?.attempt else { return }
            steps.add(stored, step: step, result, stopwatch)
            perform(machine?.finishedUpdate(stored.block.key, step: step, attempt: attempt) ?? [])
        case .initialized(let segment):
            memory?.setInitialized(segment)
            for worker in workers.values where worker.segment === segment { announceAll(to: worker) }
            sendReady()
        case .collected(let copies): rearranged(copies)
        case .failed(let error): end(.failed("\(error)"))
        }
    }

    private func perform(_ actions: [ShardStepMachine.Action]) {
        guard let configuration, let machine, let memory else { return }
        for action in actions {
            switch action {
            case .update(let key, let step, let rate):
                guard let stored = memory.block(key) else { continue }
                updates.submit(
                    .update(
                        stored, step: step, rate: rate, configuration.recipe.optimizer, attempt: machine.attempt,
                        measures: measured.contains(step)))
            case .announce(let key, let step):
                guard let stored = memory.block(key), let segment = memory.segment(of: key) else { continue }
                for worker in workers.values where worker.segment === segment { announce(stored, step: step, to: worker) }
            case .stored(let step):
                let stored = steps.stored(step, measuresMemory: step - base <= 3 || step % 50 == 0)
                coordinator?.send(.with { $0.stepStored = stored }, run: run, attempt: machine.attempt)
            }
        }
    }

    private func announce(_ stored: StoredBlock, step: Int, to worker: WorkerLink) {
        var header = FrameHeader(.value)
        (header.run, header.attempt) = (run, worker.attempt)
        header.step = UInt64(step)
        header.blockKey = stored.block.key.wire
        if worker.isLocal {
            header.flags = .shared
            worker.link.send(header)
        } else {
            worker.link.send(header, .tensor(stored.values[step & 1], byteCount: stored.valueLayout.byteCount))
        }
    }
}
