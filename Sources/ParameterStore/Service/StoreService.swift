import Foundation
import Glibc
package import Kernels
import Network
import Partition
import SwiftProtobuf
import Tensors
import Threading
public import Wire

/// One shard of the parameter store: keeps its columns' values and momentum, applies the updates, hands the values
/// back, and gives them to the coordinator for checkpoints. The same service runs inside the coordinator's process
/// and as a process of its own.
public final class StoreService: @unchecked Sendable, LinkReceiver {
    /// How the run ended for this store.
    public enum Outcome: Sendable {
        case finished
        case failed(String)
    }

    private let loop: EventLoop
    private let engine: Engine
    private let log: @Sendable (String) -> Void
    private let outcome = Monitor<Outcome?>(nil)
    private let jobs = Monitor<[Job]>([])

    // Touched by the loop's thread only.
    private var coordinator: Link?
    private var listener: Listener?
    private var run: UInt64 = 0
    private var configuration: RunConfiguration?
    private var columns: Set<Int> = []
    private var base = 0
    private var restores = false
    private var expected: [ParameterBlock.Key: ParameterBlock] = [:]
    private var restored: [ParameterBlock.Key: [TensorBuffer?]] = [:]
    private var waiting: [(Link, WireRegister, shared: Bool)] = []
    private var workers: [ObjectIdentifier: WorkerLink] = [:]
    private var owners: [ParameterBlock.Key: WorkerLink] = [:]
    private var machine: ShardStepMachine?
    /// Of steps that are traced, what the updating thread did.
    private var timelines: [Int: WireTimeline] = [:]
    private var digests: [Int: [WireStepStored.BlockDigest]] = [:]

    /// A worker's connection and the memory of its columns.
    private final class WorkerLink {
        let link: Link
        let isLocal: Bool
        var segment: StoreSegment?
        /// The worker has planned its memory; its values are there. Both have to be before values are announced.
        var isReady = false
        var hasValues = false
        init(_ link: Link, isLocal: Bool) { (self.link, self.isLocal) = (link, isLocal) }
    }

    /// What the updating thread does, in order.
    private enum Job: Sendable {
        case update(StoredBlock, step: Int, rate: Float, Optimizer, attempt: UInt32)
        case initialize([(block: StoredBlock, restored: [TensorBuffer?]?)], InitialValues, step: Int, of: ObjectIdentifier)
        case snapshot([StoredBlock], step: Int, Link, run: UInt64)
        case stop
    }

    /// - Parameter log: takes lines for the process's log.
    public init(log: @escaping @Sendable (String) -> Void) throws {
        self.log = log
        engine = try Engine()
        loop = try EventLoop(name: "store-io")
    }

    /// Joins a run and serves it until it ends.
    /// - Parameters:
    ///   - listen: where workers connect; nil takes a free port on the local address of the coordinator's connection.
    ///   - patience: seconds to wait for the coordinator to come up.
    public func serve(coordinator address: SocketAddress, listen: SocketAddress? = nil, patience: Double = 30) throws
        -> Outcome
    {
        let link = try Connector.connectPatiently(to: address, loop: loop, patience: patience)
        let place = listen ?? SocketAddress(host: link.local.host, port: 0)
        let listener = try Listener(place, loop: loop) { [weak self] link in
            guard let self else { return }
            link.start(self)
        }
        let introduction = Introduction(
            role: .store, instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion, threads: 1,
            datasetFingerprint: "")
        loop.submit { [self] in
            coordinator = link
            self.listener = listener
        }
        let updater = ServiceThread(name: "store-update") { [self] in work() }
        link.start(self)
        link.send(introduction.hello(listenPort: listener.address.port))
        let result = outcome.wait { $0 }!
        jobs.update { $0.append(.stop) }
        updater.join()
        loop.submit { [self] in
            listener.stop()
            for worker in workers.values { worker.link.cancel() }
            link.finish()
        }
        usleep(20_000)
        loop.stop()
        return result
    }

    // MARK: Frames

    public func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        switch header.kind {
        case .control: return .bytes(limit: WireControlMessage.sizeLimit)
        case .push:
            guard header.run == run, let worker = workers[ObjectIdentifier(link)],
                let block = worker.segment?.blocks[ParameterBlock.Key(header.blockKey)]
            else { throw WireError(.malformed, "a gradient for a tensor that is not this worker's") }
            return header.flags.contains(.shared) ? .bytes(limit: 0) : .memory(block.gradient.bytes)
        case .restore:
            let key = ParameterBlock.Key(header.blockKey)
            guard link === coordinator, header.run == run, let block = expected[key] else {
                throw WireError(.malformed, "a value for a tensor that is not this store's")
            }
            let buffer = TensorBuffer(floats: block.shape.count)
            restored[key, default: [nil, nil]][header.isMomentum ? 1 : 0] = buffer
            return .memory(UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(block.shape.count * 4)]))
        case .slab, .value, .snapshot, .data: throw WireError(.malformed, "a store takes no \(header.kind) frames")
        }
    }

    public func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        switch header.kind {
        case .control:
            let message = try WireControlMessage(payload: payload)
            if link === coordinator { try receivedFromCoordinator(message) } else { try receivedFromWorker(message, link) }
        case .push:
            let key = ParameterBlock.Key(header.blockKey)
            do {
                perform(try machine?.push(key, step: Int(clamping: header.step), attempt: header.attempt) ?? [])
            } catch { throw WireError(.malformed, "a gradient out of turn: \(error)") }
        case .restore: try registerWaiting()
        default: break
        }
    }

    public func closed(_ link: Link, _ error: WireError) {
        if link === coordinator {
            end(.failed("the coordinator is gone: \(error)"))
        } else {
            if workers.removeValue(forKey: ObjectIdentifier(link)) != nil, error.code != .closed {
                log("connection to a worker ended: \(error)")
            }
        }
    }

    private func end(_ result: Outcome) { outcome.update { if $0 == nil { $0 = result } } }

    // MARK: Control

    private func receivedFromCoordinator(_ message: WireControlMessage) throws {
        switch message.body {
        case .welcome(let welcome):
            run = welcome.run
            configuration = try RunConfiguration(json: welcome.configuration)
        case .refusal(let refusal): end(.failed("the coordinator refused this store: \(refusal.reason)"))
        case .topology(let topology): try receivedTopology(topology)
        case .grant(let grant):
            let step = Int(clamping: grant.step)
            if grant.trace { timelines[step] = WireTimeline() }
            perform(machine?.grant(step: step, rate: grant.learningRate) ?? [])
        case .commit(let commit): try receivedCommit(commit)
        case .finish(let finish): end(finish.failed ? .failed(finish.reason) : .finished)
        default: throw WireError(.malformed, "a control message that a store does not take")
        }
    }

    private func receivedTopology(_ topology: WireTopology) throws {
        guard let configuration, let listener else { throw WireError(.malformed, "a topology before the welcome") }
        let own = topology.stores.firstIndex { $0.port == UInt32(listener.address.port) && $0.processID == UInt32(getpid()) }
        guard let own, topology.storeOfColumn.count == configuration.network.columns else {
            throw WireError(.malformed, "a topology without this store")
        }
        columns = Set(topology.storeOfColumn.indices.filter { topology.storeOfColumn[$0] == UInt32(own) })
        (base, restores) = (Int(clamping: topology.baseStep), topology.restores)
        for block in try configuration.network.parameterBlocks() where columns.contains(block.key.column) {
            expected[block.key] = block
        }
        machine = ShardStepMachine(keys: Set(expected.keys), base: base, attempt: 0)
        if expected.isEmpty { sendReady() }
        try registerWaiting()
    }

    private func receivedCommit(_ commit: WireCommit) throws {
        guard machine != nil else { return }
        let step = Int(clamping: commit.step)
        do { perform(try machine!.commit(step: step)) } catch {
            throw WireError(.malformed, "the coordinator committed step \(step), which is not stored: \(error)")
        }
        digests[step] = nil
        if commit.snapshot, let coordinator {
            let blocks = owners.compactMap { key, worker in worker.segment?.blocks[key] }
                .sorted { $0.block.key < $1.block.key }
            jobs.update { $0.append(.snapshot(blocks, step: step, coordinator, run: run)) }
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
            workers[ObjectIdentifier(link)] = WorkerLink(link, isLocal: hello.hostIdentity == HostIdentity.value)
        case .register(let register):
            guard let worker = workers[ObjectIdentifier(link)], worker.segment == nil else {
                throw WireError(.malformed, "a worker registered twice, or before its introduction")
            }
            waiting.append((link, register, shared: worker.isLocal))
            try registerWaiting()
        case .ready:
            guard let worker = workers[ObjectIdentifier(link)], let segment = worker.segment else {
                throw WireError(.malformed, "a worker is ready before its tensors are registered")
            }
            worker.isReady = true
            if worker.hasValues { announceAll(segment, to: worker) }
        default: throw WireError(.malformed, "a control message that a store does not take")
        }
    }

    /// Registers the workers whose tensors' values are known: initial ones when the topology is, restored ones when
    /// they are here. A worker may have heard of the topology first.
    private func registerWaiting() throws {
        guard machine != nil else { return }
        let entries = waiting
        waiting = []
        for entry in entries {
            let keys = entry.1.blocks.map { ParameterBlock.Key($0.key) }
            let isComplete = keys.allSatisfy { restored[$0]?.allSatisfy { $0 != nil } ?? false }
            if !restores || isComplete {
                try register(entry.0, entry.1, shared: entry.shared)
            } else {
                waiting.append(entry)
            }
        }
    }

    private func register(_ link: Link, _ message: WireRegister, shared: Bool) throws {
        guard let worker = workers[ObjectIdentifier(link)], let configuration else { return }
        var entries: [StoreSegment.Entry] = []
        for registered in message.blocks {
            guard let block = expected[.init(registered.key)], owners[block.key] == nil else {
                throw WireError(.malformed, "a worker registered a tensor that is not of its columns")
            }
            let (values, gradient) = (
                try TensorLayout(BlockedLayout(registered.values)), try TensorLayout(BlockedLayout(registered.gradient))
            )
            guard values.shape == gradient.shape, values.shape.count == block.shape.count, gradient.type == .float32 else {
                throw WireError(.malformed, "\(block.description) was registered as \(values.shape)")
            }
            entries.append(.init(block: block, values: values, gradient: gradient, key: registered.key))
        }
        let segment = try StoreSegment(entries, shared: shared, engine: engine)
        worker.segment = segment
        for stored in segment.blocks.values { owners[stored.block.key] = worker }
        // The worker plans its kernels on the memory while the values are drawn into it.
        link.send(.with { $0.segment = segment.message }, run: run)
        let blocks = segment.blocks.values.sorted { $0.block.key < $1.block.key }
            .map { (block: $0, restored: restored.removeValue(forKey: $0.block.key)) }
        let (initial, base) = (InitialValues(configuration.recipe), base)
        jobs.update { $0.append(.initialize(blocks, initial, step: base, of: ObjectIdentifier(link))) }
    }

    /// Gives blocks their first values; on the updating thread.
    private func initialize(
        _ blocks: [(block: StoredBlock, restored: [TensorBuffer?]?)], _ initial: InitialValues, step: Int
    ) throws {
        for (stored, restored) in blocks {
            if let restored, let values = restored[0], let momentum = restored[1] {
                try stored.restore(values, momentum: false, step: step, engine: engine)
                try stored.restore(momentum, momentum: true, step: step, engine: engine)
            } else {
                let canonical = TensorBuffer(floats: stored.block.shape.count)
                initial.fill(
                    UnsafeMutableBufferPointer(rebasing: canonical.floats[..<stored.block.shape.count]),
                    tensor: stored.block.tensor, region: stored.block.region, recipe: stored.block.recipe)
                try stored.restore(canonical, momentum: false, step: step, engine: engine)
            }
        }
    }

    /// A worker's blocks have their first values.
    private func initialized(_ identifier: ObjectIdentifier) {
        guard let worker = workers[identifier], let segment = worker.segment else { return }
        worker.hasValues = true
        if worker.isReady { announceAll(segment, to: worker) }
        let isComplete = owners.count == expected.count && workers.values.allSatisfy { $0.segment == nil || $0.hasValues }
        if isComplete { sendReady() }
    }

    private func announceAll(_ segment: StoreSegment, to worker: WorkerLink) {
        for stored in segment.blocks.values { announce(stored, step: base, to: worker) }
    }

    private func sendReady() { coordinator?.send(.with { $0.ready = WireReady() }, run: run) }

    // MARK: Updates

    private func perform(_ actions: [ShardStepMachine.Action]) {
        guard let configuration, let machine else { return }
        for action in actions {
            switch action {
            case .update(let key, let step, let rate):
                guard let stored = owners[key]?.segment?.blocks[key] else { continue }
                jobs.update {
                    $0.append(
                        .update(
                            stored, step: step, rate: rate, configuration.recipe.optimizer, attempt: machine.attempt))
                }
            case .announce(let key, let step):
                guard let worker = owners[key], let stored = worker.segment?.blocks[key] else { continue }
                announce(stored, step: step, to: worker)
            case .stored(let step):
                var stored = WireStepStored()
                stored.step = UInt64(step)
                stored.digests = (digests[step] ?? []).sorted { $0.key < $1.key }
                if step - base <= 3 || step % 50 == 0 {
                    let memory = MemoryUse.current
                    stored.memory = UInt64(memory.own + memory.shared)
                }
                if let timeline = timelines.removeValue(forKey: step) { stored.timeline = timeline }
                coordinator?.send(.with { [stored] in $0.stepStored = stored }, run: run)
            }
        }
    }

    private func announce(_ stored: StoredBlock, step: Int, to worker: WorkerLink) {
        var header = FrameHeader(.value)
        header.run = run
        header.attempt = machine?.attempt ?? 0
        header.step = UInt64(step)
        header.blockKey = stored.block.key.wire
        if worker.isLocal {
            header.flags = .shared
            worker.link.send(header)
        } else {
            worker.link.send(header, .tensor(stored.values[step & 1], byteCount: stored.valueLayout.byteCount))
        }
    }

    /// The updating thread: one job after another.
    private func work() {
        // Reorders are memory's work; the cores are the workers'.
        Engine.useThreads(1)
        while true {
            let job = jobs.wait { $0.isEmpty ? nil : $0.removeFirst() }!
            switch job {
            case .update(let stored, let step, let rate, let optimizer, let attempt):
                var stopwatch = Stopwatch(capacity: 1)
                let digest: UInt64
                do { digest = try stored.update(step: step, rate: rate, optimizer: optimizer) } catch {
                    end(.failed("\(error)"))
                    continue
                }
                stopwatch.add(0, from: stopwatch.start, to: MonotonicClock.now)
                loop.submit { [self, stopwatch] in
                    if timelines[step] != nil { record(stopwatch, of: stored, step: step) }
                    var entry = WireStepStored.BlockDigest()
                    entry.key = stored.block.key.wire
                    entry.digest = digest
                    digests[step, default: []].append(entry)
                    perform(machine?.finishedUpdate(stored.block.key, step: step, attempt: attempt) ?? [])
                }
            case .initialize(let blocks, let initial, let step, let identifier):
                do {
                    try initialize(blocks, initial, step: step)
                    loop.submit { [self] in initialized(identifier) }
                } catch { end(.failed("\(error)")) }
            case .snapshot(let blocks, let step, let link, let run): snapshot(blocks, step: step, link, run: run)
            case .stop: return
            }
        }
    }

    /// Adds an update to the timeline of its step, whose origin is its first update.
    private func record(_ stopwatch: Stopwatch, of stored: StoredBlock, step: Int) {
        var update = WireTimeline(stopwatch) { _ in (stored.block.description, .update) }
        guard var timeline = timelines[step] else { return }
        if timeline.spans.isEmpty { timeline.origin = update.origin }
        for i in update.spans.indices { update.spans[i].start += update.origin &- timeline.origin }
        timeline.spans += update.spans
        timelines[step] = timeline
    }

    private func snapshot(_ blocks: [StoredBlock], step: Int, _ link: Link, run: UInt64) {
        for stored in blocks {
            for isMomentum in [false, true] {
                do {
                    let canonical = try stored.canonical(momentum: isMomentum, step: step, engine: engine)
                    var header = FrameHeader(.snapshot)
                    header.run = run
                    header.step = UInt64(step)
                    header.blockKey = stored.block.key.wire
                    header.isMomentum = isMomentum
                    link.send(header, .tensor(canonical, byteCount: stored.block.shape.count * 4))
                } catch {
                    return end(.failed("\(error)"))
                }
            }
        }
    }
}

extension BlockedLayout {
    package init(_ message: WireRegister.Layout) {
        func numbers(_ values: [UInt64]) -> [Int] { values.map { Int(clamping: $0) } }
        self.init(
            type: message.isBfloat16 ? .bfloat16 : .float32, extents: numbers(message.extents), paddedExtents: numbers(message.paddedExtents),
            strides: numbers(message.strides), innerBlocks: numbers(message.innerBlocks),
            innerAxes: numbers(message.innerAxes))
    }
}
