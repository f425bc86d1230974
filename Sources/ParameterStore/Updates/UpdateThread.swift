package import Kernels
package import NeuralNetwork
package import Partition
package import Platform
import Protocol
package import Tensors
import Transport

/// The store's one thread that touches tensors: first values and updates, one after another, and snapshots between them.
///
/// At most one snapshot is under way. It is copied while no job waits, and where an update is about to overwrite it.
package final class UpdateThread: Sendable {
    package enum Job: Sendable {
        /// Update a block with the contributions to its gradient, which lie in memory of their attempt.
        case update(StoredBlock, [TensorBuffer], step: Int, rate: Float, Optimizer, attempt: UInt32, measures: Bool)
        case initialize([(block: StoredBlock, source: FirstValues)], InitialValues, step: Int, of: SegmentID)
        /// Send blocks for a checkpoint, between updates.
        case snapshot(SnapshotOrder)
        /// Send blocks to another store, at once: nothing is trained before they are there.
        case handOver(SnapshotOrder)
        /// Copy blocks out of memory that is given up.
        case collect([StoredBlock], step: Int)
        case stop
    }

    /// The result of a job.
    package enum Report: Sendable {
        case updated(StoredBlock, step: Int, attempt: UInt32, StoredBlock.Updated, Stopwatch)
        case initialized(SegmentID)
        /// Values and momentum of each block, packed.
        case collected([ParameterBlock.Key: [TensorBuffer?]])
        case failed(any Error)
    }

    /// The thread's current job.
    struct Activity: Sendable {
        var phase = WireHeartbeat.Phase.idle
        var words = ""
        var since = MonotonicClock.now
        var step = 0
        /// Seconds that it rarely exceeds; 0 before there is a history.
        fileprivate(set) var usual = 0.0
    }

    private struct History {
        var activity = Activity()
        /// Usual times by words. They stay under the lock: a copy that a reader holds would have the next update copy it again.
        var usual: [String: DurationEstimate] = [:]
    }

    private let jobs = Monitor<[Job]>([])
    private let history = Monitor(History())
    private let engine: Engine

    package init(engine: Engine) { self.engine = engine }

    var current: Activity {
        history.read { history in
            var activity = history.activity
            activity.usual = history.usual[activity.words]?.most ?? 0
            return activity
        }
    }

    package func submit(_ job: Job) { jobs.update { $0.append(job) } }

    /// Drops updates that wait and are of an older attempt. One that is being computed writes beside the values that
    /// are committed, into a buffer that the next attempt's update, which waits behind it, writes again.
    func abort(_ attempt: UInt32) {
        jobs.update { jobs in
            jobs.removeAll { if case .update(_, _, _, _, _, let of, _) = $0 { of < attempt } else { false } }
        }
    }

    /// The thread's body.
    /// - Parameter report: Takes what has been done, on this thread.
    package func run(report: (Report) -> Void) {
        // Reorders are memory's work; the cores are the workers'.
        Engine.useThreads(1)
        var snapshot: SnapshotCopy?
        while true {
            do {
                guard let job = next(whileCopying: snapshot != nil) else {
                    begin(.sending, "snapshot", step: snapshot?.step)
                    try snapshot?.copyNext()
                    if snapshot?.isDone == true { snapshot = nil }
                    end()
                    continue
                }
                begin(job)
                switch job {
                case .update(let stored, let gradients, let step, let rate, let optimizer, let attempt, let measures):
                    try snapshot?.copy(beforeUpdateOf: stored, step: step)
                    var stopwatch = Stopwatch(capacity: 1)
                    let result = try stored.update(gradients, step: step, rate: rate, optimizer: optimizer, measures: measures)
                    stopwatch.add(0, from: stopwatch.start, to: MonotonicClock.now)
                    report(.updated(stored, step: step, attempt: attempt, result, stopwatch))
                case .initialize(let blocks, let initial, let step, let segment):
                    for (stored, source) in blocks { try initialize(stored, source, initial, step: step) }
                    report(.initialized(segment))
                case .snapshot(let order):
                    // The coordinator asks for one after another, but for the last one of a run.
                    try snapshot?.finish()
                    snapshot = SnapshotCopy(order, engine: engine)
                case .handOver(let order):
                    var copy = SnapshotCopy(order, engine: engine)
                    try copy.finish()
                case .collect(let blocks, let step): report(.collected(try collect(blocks, step: step)))
                case .stop:
                    try snapshot?.finish()
                    return
                }
                end()
            } catch {
                report(.failed(error))
                // What could not be copied would fail again.
                snapshot = nil
                end()
            }
        }
    }

    /// Takes the next job.
    /// - Parameter isCopying: Whether there is something else to do; nil is returned then where no job waits.
    private func next(whileCopying isCopying: Bool) -> Job? {
        guard !isCopying else { return jobs.update { $0.isEmpty ? nil : $0.removeFirst() } }
        return jobs.wait { $0.isEmpty ? nil : $0.removeFirst() }
    }

    private func begin(_ job: Job) {
        switch job {
        case .update(let stored, _, let step, _, _, _, _): begin(.updating, "update of \(stored.block.description)", step: step)
        case .initialize: begin(.preparing, "first values")
        case .snapshot(let order): begin(.sending, "snapshot", step: order.step)
        case .handOver(let order): begin(.sending, "values for another store", step: order.step)
        case .collect(_, let step): begin(.preparing, "values for another layout", step: step)
        case .stop: break
        }
    }

    private func begin(_ phase: WireHeartbeat.Phase, _ words: String, step: Int? = nil) {
        history.update { history in
            (history.activity.phase, history.activity.words, history.activity.since) = (phase, words, MonotonicClock.now)
            if let step { history.activity.step = step }
        }
    }

    private func end() {
        history.update { history in
            let (now, activity) = (MonotonicClock.now, history.activity)
            history.usual[activity.words, default: DurationEstimate()].add(now - activity.since)
            (history.activity.phase, history.activity.words, history.activity.since) = (.idle, "", now)
        }
    }

    /// Gives a block its first values.
    private func initialize(_ stored: StoredBlock, _ source: FirstValues, _ initial: InitialValues, step: Int) throws {
        switch source {
        case .present: break
        case .elsewhere(let memory):
            func canonical(_ buffers: [TensorBuffer]) throws -> TensorBuffer {
                try StoredBlock.canonical(buffers[step & 1], memory.layout, stored.block, engine: engine)
            }
            try stored.restore(canonical(memory.masters), momentum: canonical(memory.momentum), step: step, engine: engine)
        case .packed(let parts) where parts[0] != nil && parts[1] != nil:
            try stored.restore(parts[0]!, momentum: parts[1], step: step, engine: engine)
        case .packed, .drawn:
            let canonical = try TensorBuffer.allocate(floats: stored.block.shape.count)
            initial.fill(
                UnsafeMutableBufferPointer(rebasing: canonical.floats[..<stored.block.shape.count]),
                tensor: stored.block.tensor, region: stored.block.region, recipe: stored.block.recipe)
            try stored.restore(canonical, momentum: nil, step: step, engine: engine)
        }
    }

    private func collect(_ blocks: [StoredBlock], step: Int) throws -> [ParameterBlock.Key: [TensorBuffer?]] {
        var copies: [ParameterBlock.Key: [TensorBuffer?]] = [:]
        for stored in blocks {
            copies[stored.block.key] = try [false, true].map { try stored.canonical(momentum: $0, step: step, engine: engine) }
        }
        return copies
    }
}

/// Where a block's first values come from.
package enum FirstValues: Sendable {
    case drawn
    /// Values and momentum, packed, as they were received or copied.
    case packed([TensorBuffer?])
    /// They are in the block's own buffers already: an earlier process, or this one under an earlier coordinator, has left them.
    case present
    /// They are in other buffers of the shard's file.
    case elsewhere(BlockMemory)
}

extension Link {
    /// Sends a block's packed values or momentum after a step.
    func send(_ packed: TensorBuffer, of block: ParameterBlock, momentum: Bool, step: Int, run: UInt64, _ kind: FrameHeader.Kind) {
        var header = FrameHeader(kind)
        (header.run, header.step) = (run, UInt64(step))
        header.blockKey = block.key.wire
        header.isMomentum = momentum
        send(header, .tensor(packed, byteCount: block.shape.count * 4))
    }
}
