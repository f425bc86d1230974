import Partition
import Platform
import Protocol

/// Of steps that are not committed yet: digests of what was updated, and where a step is traced, when.
struct StepRecords {
    private var digests: [Int: [WireStepStored.BlockDigest]] = [:]
    private var timelines: [Int: WireTimeline] = [:]

    mutating func trace(_ step: Int) { timelines[step] = WireTimeline() }

    mutating func add(_ stored: StoredBlock, step: Int, _ result: StoredBlock.Updated, _ stopwatch: Stopwatch) {
        var entry = WireStepStored.BlockDigest()
        (entry.key, entry.digest) = (stored.block.key.wire, result.digest)
        (entry.valueSquares, entry.updateSquares) = (result.valueSquares, result.updateSquares)
        digests[step, default: []].append(entry)
        guard var timeline = timelines[step] else { return }
        var update = WireTimeline(stopwatch) { _ in (stored.block.description, .update) }
        // The origin is the first update's.
        if timeline.spans.isEmpty { timeline.origin = update.origin }
        for i in update.spans.indices { update.spans[i].start += update.origin &- timeline.origin }
        timeline.spans += update.spans
        timelines[step] = timeline
    }

    /// What the coordinator is told of a step whose tensors all have their update.
    mutating func stored(_ step: Int, measuresMemory: Bool) -> WireStepStored {
        var message = WireStepStored()
        message.step = UInt64(step)
        message.digests = (digests[step] ?? []).sorted { $0.key < $1.key }
        if measuresMemory {
            let memory = MemoryUse.current
            message.memory = UInt64(memory.own + memory.shared)
        }
        if let timeline = timelines.removeValue(forKey: step) { message.timeline = timeline }
        return message
    }

    mutating func forget(_ step: Int) { digests[step] = nil }
}
