import Kernels
import Partition
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import Transport

/// A worker's exchanges in one attempt: slabs with its peers, gradients and values with stores. It is made at a topology and dropped with
/// the attempt, so that nothing of an older attempt can arrive.
final class AttemptExchange: ExecutionEnvironment, @unchecked Sendable {
    let columns: HostedColumns
    let attempt: UInt32
    let coordinator: Link
    private let mailbox: WorkerMailbox
    /// By rank; nil once the attempt has ended.
    private let stores = Monitor<[Int: Link]?>([:])
    /// The pass that is being computed, for frames that come early.
    private let currentPass = Monitor(0)

    // Touched by the compute thread only.
    private var routes: [ParameterBlock.Key: GradientRoute] = [:]
    private var pass = 0
    var times = StepTimes()

    init(_ columns: HostedColumns, attempt: UInt32, coordinator: Link, mailbox: WorkerMailbox) {
        (self.columns, self.attempt, self.coordinator, self.mailbox) = (columns, attempt, coordinator, mailbox)
    }

    // MARK: Connections

    /// Adds a connection to a store. It is closed at once where the attempt has ended meanwhile.
    func add(store rank: Int, _ link: Link) {
        let isOpen = stores.update { stores in
            stores?[rank] = link
            return stores != nil
        }
        if !isOpen { link.cancel("the attempt has ended") }
    }

    /// The store's rank, where a connection is the one to it.
    func storeRank(of link: Link) -> Int? { stores.read { stores in stores?.first { $0.value === link }?.key } }

    /// Says where each block's gradient is pushed. Values come when there is memory for them, which stores hear of now.
    func route(_ ranks: some Sequence<Int>) {
        for rank in ranks {
            guard let link = stores.read({ $0?[rank] }), let binding = columns.binding(toStore: rank) else { continue }
            for (key, parameter) in binding.parameters {
                routes[key] = GradientRoute(store: link, isShared: binding.isShared, gradients: parameter.pushed)
            }
            link.send(.with { $0.ready = WireReady() }, run: columns.run, attempt: attempt)
        }
    }

    /// Closes the connections to stores, which are the attempt's.
    func end() {
        let old = stores.update { stores in
            defer { stores = nil }
            return stores ?? [:]
        }
        for link in old.values { link.cancel("the attempt has ended") }
    }

    func tell(_ message: WireControlMessage) { coordinator.send(message, run: columns.run, attempt: attempt) }

    // MARK: Frames, on the loop's thread

    /// The memory that a frame's tensor is received into.
    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
        guard header.run == columns.run else { throw WireError(.malformed, "a tensor of another run") }
        guard header.attempt == attempt else { throw WireError(.malformed, "a tensor of another attempt") }
        func whole(_ memory: Memory) -> PayloadDestination {
            .memory(UnsafeMutableRawBufferPointer(rebasing: memory.buffer.bytes[..<memory.layout.byteCount]))
        }
        if header.kind == .slab {
            let (pass, current) = (Int(header.pass), currentPass.read { $0 })
            guard let buffers = columns.runner.backend.receiveBuffers[Slab(header)], (current...current + 1).contains(pass) else {
                throw WireError(.malformed, "an activation that this worker does not expect")
            }
            return whole(buffers[pass & 1])
        }
        guard let store = storeRank(of: link), let binding = columns.binding(toStore: store),
            let buffers = binding.values[ParameterBlock.Key(header.blockKey)]
        else {
            throw WireError(.malformed, "a value for a tensor that is not this worker's")
        }
        // Shared values are mapped to be read: a frame that carried some could not be received into them.
        if binding.isShared { return .bytes(limit: 0) }
        guard !header.flags.contains(.shared) else { throw WireError(.malformed, "a value in memory that this worker does not map") }
        return whole(buffers[Int(header.step & 1)])
    }

    // MARK: Passes, on the compute thread

    /// - Parameter weights: The step whose values the pass reads.
    func context(
        _ purpose: PassContext.Purpose, step: Int, weights: Int, labels: UnsafeBufferPointer<Int32>, batch: Int, images: Int
    ) -> PassContext {
        pass += 1
        let now = pass
        currentPass.update { $0 = now }
        return PassContext(
            purpose: purpose, step: step, weights: weights, pass: pass, parity: BufferParity(weights: weights, pass: pass, batch: batch),
            labels: labels, images: images, environment: self)
    }

    func begin(instruction: Int, at now: Double, context: PassContext) throws {
        columns.activity.run(instruction: instruction, step: context.step, pass: context.pass, weights: context.weights, at: now)
        try mailbox.checkInterruption()
    }

    func send(_ slab: Slab, to worker: Int, memory: Memory, context: PassContext) throws {
        var header = FrameHeader(.slab)
        (header.run, header.attempt) = (columns.run, attempt)
        header.direction = slab.direction == .forward ? .forward : .backward
        header.step = UInt64(context.step)
        header.pass = UInt32(truncatingIfNeeded: context.pass)
        header.layer = UInt16(slab.layer)
        header.source = UInt16(slab.from)
        header.destination = UInt16(slab.to)
        let attempt = attempt
        let peer = try mailbox.waitForState { $0.peers[attempt, worker] }
        peer.send(header, .tensor(memory.buffer, byteCount: memory.layout.byteCount))
    }

    func receive(_ slab: Slab, from worker: Int, context: PassContext) throws {
        let start = MonotonicClock.now
        times.beginExchange(at: start)
        try mailbox.wait { $0.slabs[slab] == context.pass ? () : nil }
        times.exchange += MonotonicClock.now - start
    }

    func pull(_ key: ParameterBlock.Key, context: PassContext) throws {
        let start = MonotonicClock.now
        try mailbox.wait { $0.hasValues(CollectionOfOne(key), after: context.weights) ? () : nil }
        times.store += MonotonicClock.now - start
    }

    func push(_ key: ParameterBlock.Key, context: PassContext) throws {
        guard let contribution = context.slice.completes, let route = routes[key] else { return }
        var header = FrameHeader(.push)
        (header.run, header.attempt) = (columns.run, attempt)
        header.step = UInt64(context.step)
        header.blockKey = key.wire
        header.contribution = UInt16(columns.contributions.lowerBound + contribution)
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
