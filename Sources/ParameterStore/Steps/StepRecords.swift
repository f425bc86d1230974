import Platform
package import Protocol
import Security
import Transport
package import Partition

/// Records of steps that are not committed yet: digests of updated blocks, and in traced steps the time of each update.
package struct StepRecords: Sendable {
    private var digests: [Int: [WireStepStored.BlockDigest]] = [:]
    private var timelines: [Int: WireTimeline] = [:]

    mutating func trace(_ step: Int) { timelines[step] = WireTimeline() }

    package func isTraced(_ step: Int) -> Bool { timelines[step] != nil }

    mutating func add(_ update: BlockUpdate) {
        let step = update.step
        var entry = WireStepStored.BlockDigest()
        (entry.key, entry.digest) = (update.key.wire, update.digest)
        (entry.valueSquares, entry.updateSquares) = (update.valueSquares, update.updateSquares)
        digests[step, default: []].append(entry)
        guard var timeline = timelines[step], var added = update.timeline else { return }
        // The origin is the first update's.
        if timeline.spans.isEmpty { timeline.origin = added.origin }
        for i in added.spans.indices { added.spans[i].start += added.origin &- timeline.origin }
        timeline.spans += added.spans
        timelines[step] = timeline
    }

    /// Returns the coordinator's message about a step whose blocks all have their update.
    mutating func stored(_ step: Int) -> WireStepStored {
        var message = WireStepStored()
        message.step = UInt64(step)
        message.digests = (digests[step] ?? []).sorted { $0.key < $1.key }
        if let timeline = timelines.removeValue(forKey: step) { message.timeline = timeline }
        return message
    }

    mutating func forget(_ step: Int) { digests[step] = nil }
}

/// The update of a block that has been computed.
package struct BlockUpdate: Sendable {
    package let key: ParameterBlock.Key
    package let step: Int
    package let attempt: UInt32
    package var digest: UInt64 = 0
    /// Sums of squares of the new values and of what was added to them; 0 where they are not measured.
    package var valueSquares = 0.0
    package var updateSquares = 0.0
    /// When it was computed; nil where the step is not traced.
    package var timeline: WireTimeline?

    package init(_ key: ParameterBlock.Key, step: Int, attempt: UInt32) { (self.key, self.step, self.attempt) = (key, step, attempt) }
}
