import Datasets
import Foundation
import Kernels
import Network
import Partition
import SwiftProtobuf
import Tensors
import Threading
import Wire

/// A worker's part in one run: its program, its memory, and its connections to peers and store.
final class TrainingSession: ExecutionEnvironment, @unchecked Sendable {
    private let configuration: RunConfiguration
    private let run: UInt64
    private let rank: Int
    private let coordinator: Link
    private let inbox: WorkerInbox
    private let engine: Engine
    private let executor: ProgramExecutor
    private let feed: BatchFeed
    private let store = Monitor<Link?>(nil)
    private var parameters: [ParameterBlock.Key: ParameterMemory] = [:]
    private let values = Monitor<[ParameterBlock.Key: [Memory]]>([:])
    private var segment: SharedSegment?
    private var isShared = false
    private var baseStep = 0
    private var pass = 0
    /// The pass that is being computed, for frames that come early.
    private let currentPass = Monitor(0)
    private var exchangeWait = 0.0
    private var storeWait = 0.0
    /// Slabs and places where they land, fixed once planned.
    private let landing: [Slab: [Memory]]

    init(
        configuration: RunConfiguration, welcome: WireWelcome, dataset: Dataset, coordinator: Link, inbox: WorkerInbox
    ) throws {
        self.configuration = configuration
        (run, rank) = (welcome.run, Int(welcome.rank))
        (self.coordinator, self.inbox) = (coordinator, inbox)
        engine = try Engine()
        feed = try BatchFeed(configuration: configuration, dataset: dataset)
        let program = try ProgramCompiler(
            network: configuration.network, workers: Int(welcome.workers), batch: configuration.recipe.batch
        ).program(worker: rank)
        executor = try ProgramExecutor(
            program: program, recipe: configuration.recipe, images: feed.buffers, trains: true, engine: engine)
        landing = executor.memory.received
    }

    func stop() { feed.stop() }

    func isStore(_ link: Link) -> Bool { store.read { $0 === link } }

    // MARK: Joining

    /// Connects to every worker and to the store, and plans the kernels on the store's memory.
    func connect(
        _ topology: WireTopology, loop: EventLoop, receiver: WorkerReceiver, introduction: Introduction
    ) throws {
        guard topology.workers.count == executor.program.layout.workers,
            topology.storeOfColumn.count == executor.program.layout.columns
        else { throw WireError(.malformed, "a topology for another layout") }
        baseStep = Int(clamping: topology.baseStep)
        func hello() -> WireControlMessage {
            var message = introduction.hello(listenPort: 0)
            message.hello.run = run
            message.hello.rank = UInt32(rank)
            return message
        }
        // The lower rank connects, so that a pair has one connection.
        for (other, endpoint) in topology.workers.enumerated() where other > rank {
            let link = try Connector.connect(to: endpoint.socketAddress, loop: loop, expecting: .worker)
            link.start(receiver)
            link.send(hello(), run: run)
            inbox.state.update { $0.peers[other] = link }
        }
        let lower = rank
        _ = try inbox.wait { state in (0..<lower).allSatisfy { state.peers[$0] != nil } ? true : nil }

        let index = Int(topology.storeOfColumn[executor.program.columns.lowerBound])
        guard index < topology.stores.count else { throw WireError(.malformed, "a topology without a store") }
        let link = try Connector.connect(to: topology.stores[index].socketAddress, loop: loop, expecting: .store)
        store.update { $0 = link }
        link.start(receiver)
        link.send(hello(), run: run)
        try register(link)
    }

    private func register(_ link: Link) throws {
        var message = WireRegister()
        message.blocks = try executor.program.blocks.map { block in
            guard let layout = executor.parameterLayouts[block.key] else {
                throw WireError(.malformed, "\(block.description) has no kernel")
            }
            return WireRegister.Block(block.key, values: try layout.values.blocked(), gradient: try layout.gradient.blocked())
        }
        link.send(.with { $0.register = message }, run: run)
        let announced = try inbox.wait { $0.segment }
        isShared = announced.shared
        let memory: TensorBuffer
        if announced.shared {
            let segment = try SharedSegment(
                ofProcess: Int32(bitPattern: announced.processID), descriptor: Int32(bitPattern: announced.descriptor),
                byteCount: Int(clamping: announced.bytes), nonce: announced.nonce)
            self.segment = segment
            memory = segment.buffer
        } else {
            memory = TensorBuffer(byteCount: try size(of: announced))
        }
        var landing: [ParameterBlock.Key: [Memory]] = [:]
        for place in announced.places {
            let key = ParameterBlock.Key(place.key)
            guard let layout = executor.parameterLayouts[key], Int(clamping: place.bytes) == layout.values.byteCount else {
                throw WireError(.malformed, "the store keeps another tensor than was registered")
            }
            func slice(_ offset: UInt64, _ layout: TensorLayout) throws -> Memory {
                guard offset <= UInt64(memory.bytes.count), Int(offset) + layout.byteCount <= memory.bytes.count else {
                    throw WireError(.malformed, "the store's tensor lies outside its memory")
                }
                return try Memory(
                    layout, memory.slice(offset: Int(offset), byteCount: layout.byteCount), engine: engine)
            }
            let memories = (
                even: try slice(place.valuesEven, layout.values), odd: try slice(place.valuesOdd, layout.values)
            )
            parameters[key] = ParameterMemory(even: memories.even, odd: memories.odd, gradient: try slice(place.gradient, layout.gradient))
            landing[key] = [memories.even, memories.odd]
        }
        guard parameters.count == executor.program.blocks.count else {
            throw WireError(.malformed, "the store keeps fewer tensors than were registered")
        }
        values.update { $0 = landing }
        try executor.bind(parameters, environment: self)
        // The store draws or restores values meanwhile.
        engine.prefault()
        // Values come when there is memory for them to land in.
        link.send(.with { $0.ready = WireReady() }, run: run)
        let (keys, base) = (executor.program.blocks.map(\.key), baseStep)
        _ = try inbox.wait { state in keys.allSatisfy { (state.values[$0] ?? -1) >= base } ? true : nil }
    }

    /// The memory that the announced tensors need, bounded by what was registered.
    private func size(of segment: WireSegment) throws -> Int {
        let size = Int(clamping: segment.bytes)
        // Two values and a gradient, each rounded up to 64 bytes, after a page.
        let needed = executor.parameterLayouts.values.reduce(0) { $0 + 2 * $1.values.byteCount + $1.gradient.byteCount + 3 * 64 }
        guard size <= needed + 4096 else {
            throw WireError(.malformed, "the store announced impossible memory")
        }
        return size
    }

    // MARK: Frames, on the loop's thread

    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        guard header.run == run else { throw WireError(.malformed, "a tensor of another run") }
        func whole(_ memory: Memory) -> PayloadDestination {
            .memory(UnsafeMutableRawBufferPointer(rebasing: memory.buffer.bytes[..<memory.layout.byteCount]))
        }
        if header.kind == .slab {
            let pass = Int(header.pass)
            let current = currentPass.read { $0 }
            guard let memories = landing[Slab(header)], (current...current + 1).contains(pass) else {
                throw WireError(.malformed, "an activation that nobody waits for")
            }
            return whole(memories[pass & 1])
        }
        if header.flags.contains(.shared) { return .bytes(limit: 0) }
        let key = ParameterBlock.Key(header.blockKey)
        guard isStore(link), let memories = values.read({ $0[key] }) else {
            throw WireError(.malformed, "a value for a tensor that is not this worker's")
        }
        return whole(memories[Int(header.step & 1)])
    }

    // MARK: Training

    /// Trains step after step as they are granted, until the run is finished.
    func train() throws {
        var step = baseStep + 1
        feed.prefetch(step: step)
        while true {
            let current = step
            let grant = try inbox.wait { $0.grants.removeValue(forKey: current) }
            let start = MonotonicClock.now
            (exchangeWait, storeWait) = (0, 0)
            executor.stopwatch = grant.trace ? Stopwatch(capacity: executor.program.instructions.count + 1) : nil
            let batch = try feed.training(step: step)
            let dataWait = MonotonicClock.now - start
            executor.stopwatch?.add(ProgramExecutor.dataPlace, from: start, to: start + dataWait)
            if grant.validate { feed.prefetchValidation(first: 0) } else { feed.prefetch(step: step + 1) }
            try executor.run(
                context(.training, step: step, weights: step - 1, batch: batch, images: configuration.recipe.batch))
            var report = WireStepReport()
            report.step = UInt64(step)
            report.loss = executor.outcome.lossSum / Double(configuration.recipe.batch)
            report.seconds = MonotonicClock.now - start
            (report.exchangeWait, report.storeWait, report.dataWait) = (exchangeWait, storeWait, dataWait)
            if step - baseStep <= 3 || step % 50 == 0 { report.memory = UInt64(MemoryUse.current.own) }
            if let timeline = executor.timeline() {
                report.timeline = timeline
                executor.stopwatch = nil
            }
            coordinator.send(.with { [report] in $0.stepReport = report }, run: run)
            if grant.validate { try validate(after: step) }
            step += 1
        }
    }

    private func validate(after step: Int) throws {
        var total = SoftmaxCrossEntropy.Outcome()
        var first = 0
        while first < feed.validationCount {
            let count = min(configuration.recipe.batch, feed.validationCount - first)
            let batch = try feed.validation(first: first)
            let next = first + count
            if next < feed.validationCount { feed.prefetchValidation(first: next) } else { feed.prefetch(step: step + 1) }
            try executor.run(context(.evaluation, step: step, weights: step, batch: batch, images: count))
            total = total + executor.outcome
            first = next
        }
        var report = WireValidationReport()
        report.step = UInt64(step)
        report.lossSum = total.lossSum
        report.images = UInt64(total.images)
        report.top1Wrong = UInt64(total.top1Wrong)
        report.top5Wrong = UInt64(total.top5Wrong)
        coordinator.send(.with { $0.validationReport = report }, run: run)
    }

    private func context(
        _ purpose: PassContext.Purpose, step: Int, weights: Int, batch: LoadedBatch, images: Int
    ) -> PassContext {
        pass += 1
        let now = pass
        currentPass.update { $0 = now }
        return PassContext(
            purpose: purpose, step: step, pass: pass, turn: Turn(weights: weights, pass: pass, batch: batch.index),
            labels: batch.labels, images: images)
    }

    // MARK: Exchange, on the compute thread

    func send(_ slab: Slab, to worker: Int, memory: Memory, context: PassContext) throws {
        var header = FrameHeader(.slab)
        header.run = run
        header.direction = slab.direction == .forward ? .forward : .backward
        header.step = UInt64(context.step)
        header.pass = UInt32(truncatingIfNeeded: context.pass)
        header.layer = UInt16(slab.layer)
        header.source = UInt16(slab.from)
        header.destination = UInt16(slab.to)
        let peer = try inbox.wait { $0.peers[worker] }
        peer.send(header, .tensor(memory.buffer, byteCount: memory.layout.byteCount))
    }

    func receive(_ slab: Slab, from worker: Int, context: PassContext) throws {
        let start = MonotonicClock.now
        _ = try inbox.wait { $0.slabs[slab] == context.pass ? true : nil }
        exchangeWait += MonotonicClock.now - start
    }

    func pull(_ key: ParameterBlock.Key, context: PassContext) throws {
        let start = MonotonicClock.now
        let step = context.purpose == .training ? context.step - 1 : context.step
        _ = try inbox.wait { ($0.values[key] ?? -1) >= step ? true : nil }
        storeWait += MonotonicClock.now - start
    }

    func push(_ key: ParameterBlock.Key, context: PassContext) throws {
        var header = FrameHeader(.push)
        header.run = run
        header.step = UInt64(context.step)
        header.blockKey = key.wire
        guard let link = store.read({ $0 }), let gradient = parameters[key]?.gradient else { return }
        if isShared {
            header.flags = .shared
            link.send(header)
        } else {
            link.send(header, .tensor(gradient.buffer, byteCount: gradient.layout.byteCount))
        }
    }
}

extension WireTopology.Endpoint {
    var socketAddress: SocketAddress { SocketAddress(host: address, port: UInt16(truncatingIfNeeded: port)) }
}

extension WireRegister.Block {
    init(_ key: ParameterBlock.Key, values: BlockedLayout, gradient: BlockedLayout) {
        self.init()
        self.key = key.wire
        self.values = .init(values)
        self.gradient = .init(gradient)
    }
}

extension WireRegister.Layout {
    init(_ layout: BlockedLayout) {
        self.init()
        func numbers(_ values: [Int]) -> [UInt64] { values.map { UInt64($0) } }
        isBfloat16 = layout.type == .bfloat16
        extents = numbers(layout.extents)
        paddedExtents = numbers(layout.paddedExtents)
        strides = numbers(layout.strides)
        innerBlocks = numbers(layout.innerBlocks)
        innerAxes = numbers(layout.innerAxes)
    }
}
