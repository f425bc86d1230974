import Datasets
import Foundation
import Kernels
import NeuralNetwork
import Partition
import Prediction
import SwiftProtobuf
import Tensors
import Threading
import Wire

/// A worker's part in one run while it has one place: its program, its memory, and what it does in one attempt after another.
final class TrainingSession: ExecutionEnvironment, @unchecked Sendable {
    private let configuration: RunConfiguration
    private let run: UInt64
    private let rank: Int
    let place: SessionPlace
    private let coordinator: Link
    private let inbox: WorkerInbox
    /// The parameter blocks of all workers.
    private let network: [ParameterBlock]
    private let engine: Engine
    private let executor: any PassExecutor
    /// Nil where nobody looks at pictures.
    private let feed: BatchFeed?
    /// How the step's gradient is summed from those of slices, and what this worker's replica does for it.
    private let slices: [GradientTree.SlicePlan]
    /// The replica's contributions to it.
    private let contributions: Range<Int>
    private let connections: SessionConnections
    let activity = WorkerActivity()
    /// The place of the span in which a step waits for its pictures.
    static let dataPlace = -1
    /// To each store's memory, by its rank. Set before the first pass; the loop's thread reads them for values that arrive.
    private let bindings = Monitor<[Int: ParameterBinding]>([:])
    /// Where the gradient of each block goes in this attempt.
    private var routes: [ParameterBlock.Key: GradientRoute] = [:]
    private var attempt: UInt32 = 0
    private var pass = 0
    /// The attempt and the pass that is being computed, for frames that come early.
    private let position = Monitor<(attempt: UInt32, pass: Int)>((0, 0))
    private var times = StepTimes()
    /// Places where slabs land, fixed once planned.
    private let landing: [Slab: [Memory]]

    /// - Parameters:
    ///   - dataset: nil with a simulated device.
    ///   - device: takes the place of kernels; nil computes.
    init(
        configuration: RunConfiguration, welcome: WireWelcome, dataset: Dataset?, device: SimulatedDevice?, coordinator: Link,
        inbox: WorkerInbox
    ) throws {
        self.configuration = configuration
        (run, rank, place) = (welcome.run, Int(welcome.rank), SessionPlace(welcome))
        (self.coordinator, self.inbox) = (coordinator, inbox)
        guard place.rank < place.workers else { throw WireError(.malformed, "a place beyond the run's workers") }
        engine = try Engine()
        network = try configuration.network.parameterBlocks()
        let program = try ProgramCompiler(
            network: configuration.network, workers: Int(welcome.workers), replicas: Int(welcome.replicas),
            batch: configuration.recipe.sliceBatch
        ).program(worker: rank)
        let tree = try GradientTree(slices: configuration.recipe.slices, replicas: program.layout.replicas)
        (slices, contributions) = (tree.plans(of: program.replica), tree.contributions(of: program.replica))
        feed = try dataset.map {
            try BatchFeed(configuration: configuration, dataset: $0, replica: program.replica, of: program.layout.replicas)
        }
        if let device {
            executor = try SimulatedExecutor(program: program, recipe: configuration.recipe, device: device, engine: engine)
        } else {
            executor = try ProgramExecutor(
                program: program, recipe: configuration.recipe, images: feed?.buffers ?? [], trains: true, engine: engine)
        }
        landing = executor.landing
        connections = SessionConnections(run: welcome.run, rank: Int(welcome.rank), coordinator: coordinator, inbox: inbox)
    }

    var program: WorkerProgram { executor.program }

    func stop() { feed?.stop() }

    /// The store's rank, where a connection is the one to it.
    func storeRank(of link: Link) -> Int? { connections.storeRank(of: link) }

    /// Ends the connections to stores with the attempt that they were for.
    func leaveStores() { connections.leaveStores() }

    // MARK: Attempts

    /// Trains in one attempt, until it or the run ends, which it throws.
    func serve(_ topology: WireTopology, loop: EventLoop, receiver: WorkerReceiver, introduction: Introduction) throws -> Never {
        try join(topology, loop: loop, receiver: receiver, introduction: introduction)
        coordinator.send(.with { $0.ready = WireReady() }, run: run, attempt: attempt)
        try train(after: Int(clamping: topology.baseStep))
    }

    /// Waits for another attempt.
    func hold() { activity.begin(attempt: inbox.state.read { $0.attempt }, .holding) }

    /// Connects to every worker and to the stores of its parameters, and the first time plans the kernels on the stores' memory.
    private func join(
        _ topology: WireTopology, loop: EventLoop, receiver: WorkerReceiver, introduction: Introduction
    ) throws {
        guard topology.workers.count == program.layout.workers else { throw WireError(.malformed, "a topology for another layout") }
        let placement = try topology.placement(of: network)
        (attempt, pass) = (topology.attempt, 0)
        let now = (attempt, 0)
        position.update { $0 = now }
        activity.begin(attempt: attempt, .preparing)
        let kept = Dictionary(grouping: program.blocks) { placement[$0.key]! }
        let stores = try connections.connect(
            topology, replica: program.layout.workers(of: program.replica), stores: Set(kept.keys), loop: loop, receiver: receiver,
            introduction: introduction)
        for (rank, link) in stores {
            try ParameterBinding.register(kept[rank]!, layouts: executor.parameterLayouts, on: link, run: run, attempt: attempt)
        }
        let announced = try inbox.wait { $0.segments.count == kept.count ? $0.segments : nil }
        try bind(announced, kept)
        for (rank, link) in stores {
            let binding = bindings.read { $0[rank]! }
            for (key, parameter) in binding.parameters {
                routes[key] = GradientRoute(store: link, isShared: binding.isShared, gradients: parameter.pushed)
            }
            // Values come when there is memory for them to land in.
            link.send(.with { $0.ready = WireReady() }, run: run, attempt: attempt)
        }
        let (keys, base) = (program.blocks.map(\.key), Int(clamping: topology.baseStep))
        _ = try inbox.wait { state in keys.allSatisfy { (state.values[$0] ?? -1) >= base } ? true : nil }
    }

    /// Maps the memory that stores have announced, and plans the kernels on it, unless both have been done.
    /// - Parameter kept: which blocks each store keeps.
    private func bind(_ announced: [Int: WireSegment], _ kept: [Int: [ParameterBlock]]) throws {
        let known = bindings.read { $0 }
        guard known.count != announced.count || announced.contains(where: { known[$0]?.isOf($1) != true }) else { return }
        let layouts = executor.parameterLayouts
        let new = try Dictionary(
            uniqueKeysWithValues: announced.map { rank, segment in
                let keys = Set(kept[rank]!.map(\.key))
                let binding = try ParameterBinding(
                    segment, layouts: layouts.filter { keys.contains($0.key) }, contributions: contributions.count,
                    buffers: 1 + slices.reduce(0) { max($0, $1.buffer) }, sharesMirror: executor.sharedMirror, engine: engine)
                return (rank, binding)
            })
        let parameters = new.values.reduce(into: [:]) { all, binding in all.merge(binding.parameters) { $1 } }
        try executor.bind(parameters, slices: slices, environment: self)
        bindings.update { $0 = new }
        // The stores draw or restore values meanwhile.
        if feed != nil { engine.prefault() }
    }

    // MARK: Frames, on the loop's thread

    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        guard header.run == run else { throw WireError(.malformed, "a tensor of another run") }
        let position = position.read { $0 }
        guard header.attempt == position.attempt else { throw WireError(.malformed, "a tensor of another attempt") }
        func whole(_ memory: Memory) -> PayloadDestination {
            .memory(UnsafeMutableRawBufferPointer(rebasing: memory.buffer.bytes[..<memory.layout.byteCount]))
        }
        if header.kind == .slab {
            let pass = Int(header.pass)
            guard let memories = landing[Slab(header)], (position.pass...position.pass + 1).contains(pass) else {
                throw WireError(.malformed, "an activation that nobody waits for")
            }
            return whole(memories[pass & 1])
        }
        guard let store = storeRank(of: link), let memories = bindings.read({ $0[store]?.values[ParameterBlock.Key(header.blockKey)] })
        else {
            throw WireError(.malformed, "a value for a tensor that is not this worker's")
        }
        return header.flags.contains(.shared) ? .bytes(limit: 0) : whole(memories[Int(header.step & 1)])
    }

    // MARK: Training

    /// Trains step after step as they are granted.
    private func train(after base: Int) throws -> Never {
        var step = base + 1
        feed?.prefetch(step: step, slice: slices[0].slice)
        activity.enter(.awaitingGrant, step: step)
        // Everybody is ready when the first grant is there. One of the base step has it validated.
        let validatesBase = try inbox.wait { state -> Bool? in
            if state.grants.removeValue(forKey: base) != nil { return true }
            return state.grants[base + 1] == nil ? nil : false
        }
        if validatesBase { try validate(after: base) }
        while true {
            let current = step
            activity.enter(.awaitingGrant, step: step)
            let grant = try inbox.wait { $0.grants.removeValue(forKey: current) }
            times = StepTimes()
            executor.stopwatch = grant.trace ? Stopwatch(capacity: slices.count * (program.instructions.count + 1)) : nil
            var lossSum = 0.0
            for (index, slice) in slices.enumerated() {
                lossSum += try train(step, slice) {
                    guard let feed else { return }
                    if index + 1 < slices.count {
                        feed.prefetch(step: step, slice: slices[index + 1].slice)
                    } else if grant.validate, let first = feed.validationPasses.first {
                        feed.prefetchValidation(first: first)
                    } else {
                        feed.prefetch(step: step + 1, slice: slices[0].slice)
                    }
                }
            }
            report(step, lossSum: lossSum, isFirst: step - base <= 3)
            if grant.validate { try validate(after: step) }
            step += 1
        }
    }

    /// Runs one slice forward and backward.
    /// - Parameter prefetch: asks for the next pass's pictures, once this one's are here.
    /// - Returns: the sum of its pictures' losses.
    private func train(_ step: Int, _ slice: GradientTree.SlicePlan, prefetch: () -> Void) throws -> Double {
        let start = MonotonicClock.now
        activity.enter(.awaitingPictures, step: step)
        let batch = try feed?.training(step: step, slice: slice.slice)
        let end = MonotonicClock.now
        times.data += end - start
        executor.stopwatch?.add(Self.dataPlace, from: start, to: end)
        prefetch()
        let images = configuration.recipe.sliceBatch
        var current = context(.training, step: step, weights: step - 1, batch: batch, images: images)
        (current.firstImage, current.slice) = (slice.slice * images, slice)
        try executor.run(current)
        return executor.outcome.lossSum
    }

    private func report(_ step: Int, lossSum: Double, isFirst: Bool) {
        var report = WireStepReport()
        report.step = UInt64(step)
        report.lossSum = lossSum
        times.fill(&report, flopsBeforeWaiting: program.flopsBeforeWaiting, passes: slices.count)
        if isFirst || step % 50 == 0 { report.memory = UInt64(MemoryUse.current.own) }
        if let timeline = executor.timeline() {
            report.timeline = timeline
            executor.stopwatch = nil
        }
        coordinator.send(.with { [report] in $0.stepReport = report }, run: run, attempt: attempt)
    }

    private func validate(after step: Int) throws {
        guard let feed else { return }
        var total = SoftmaxCrossEntropy.Outcome()
        let passes = feed.validationPasses
        for (index, first) in passes.enumerated() {
            activity.enter(.awaitingPictures, step: step)
            let batch = try feed.validation(first: first)
            if index + 1 < passes.count {
                feed.prefetchValidation(first: passes[index + 1])
            } else {
                feed.prefetch(step: step + 1, slice: slices[0].slice)
            }
            try executor.run(
                context(.evaluation, step: step, weights: step, batch: batch, images: feed.images(ofValidation: first)))
            total = total + executor.outcome
        }
        var report = WireValidationReport()
        report.step = UInt64(step)
        report.lossSum = total.lossSum
        report.images = UInt64(total.images)
        report.top1Wrong = UInt64(total.top1Wrong)
        report.top5Wrong = UInt64(total.top5Wrong)
        coordinator.send(.with { $0.validationReport = report }, run: run, attempt: attempt)
    }

    private func context(
        _ purpose: PassContext.Purpose, step: Int, weights: Int, batch: LoadedBatch?, images: Int
    ) -> PassContext {
        pass += 1
        let now = (attempt, pass)
        position.update { $0 = now }
        return PassContext(
            purpose: purpose, step: step, weights: weights, pass: pass, turn: Turn(weights: weights, pass: pass, batch: batch?.index ?? 0),
            labels: batch?.labels ?? .init(start: nil, count: 0), images: images)
    }

    // MARK: Exchange, on the compute thread

    func begin(place: Int, at now: Double, context: PassContext) throws {
        activity.run(place: place, step: context.step, pass: context.pass, weights: context.weights, at: now)
        if inbox.isInterrupted { _ = try inbox.wait { _ in true } }
    }

    func send(_ slab: Slab, to worker: Int, memory: Memory, context: PassContext) throws {
        var header = FrameHeader(.slab)
        (header.run, header.attempt) = (run, attempt)
        header.direction = slab.direction == .forward ? .forward : .backward
        header.step = UInt64(context.step)
        header.pass = UInt32(truncatingIfNeeded: context.pass)
        header.layer = UInt16(slab.layer)
        header.source = UInt16(slab.from)
        header.destination = UInt16(slab.to)
        let attempt = attempt
        let peer = try inbox.wait { $0.peers[.init(attempt: attempt, rank: worker)] }
        peer.send(header, .tensor(memory.buffer, byteCount: memory.layout.byteCount))
    }

    func receive(_ slab: Slab, from worker: Int, context: PassContext) throws {
        let start = MonotonicClock.now
        times.beginExchange(at: start)
        _ = try inbox.wait { $0.slabs[slab] == context.pass ? true : nil }
        times.exchange += MonotonicClock.now - start
    }

    func pull(_ key: ParameterBlock.Key, context: PassContext) throws {
        let start = MonotonicClock.now
        _ = try inbox.wait { ($0.values[key] ?? -1) >= context.weights ? true : nil }
        times.store += MonotonicClock.now - start
    }

    func push(_ key: ParameterBlock.Key, context: PassContext) throws {
        guard let contribution = context.slice.completes else { return }
        var header = FrameHeader(.push)
        (header.run, header.attempt) = (run, attempt)
        header.step = UInt64(context.step)
        header.blockKey = key.wire
        header.contribution = UInt16(contributions.lowerBound + contribution)
        guard let route = routes[key] else { return }
        if route.isShared {
            header.flags = .shared
            route.store.send(header)
        } else {
            let gradient = route.gradients[contribution]
            route.store.send(header, .tensor(gradient.buffer, byteCount: gradient.layout.byteCount))
        }
    }
}

/// Where a block's gradient is pushed.
private struct GradientRoute {
    let store: Link
    /// Whether gradients lie in memory that the store reads.
    let isShared: Bool
    /// The replica's contributions.
    let gradients: [Memory]
}
