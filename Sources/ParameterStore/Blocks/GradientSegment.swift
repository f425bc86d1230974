import Kernels
import Partition
import Tensors
package import Transport

/// The gradients of one worker in one attempt: memory that this worker writes and the store reads.
///
/// Every attempt has new ones. A worker that was stopped, declared failed and replaced may go on where it was stopped, in the middle of a
/// kernel; it then writes into memory of its old attempt, which nobody reads.
package final class GradientSegment: @unchecked Sendable {
    /// Of the worker's replica.
    let contributions: Range<Int>
    /// The worker's memory file; nil where the worker is on another host, and its gradients come in frames.
    package let segment: SharedSegment?
    /// Where gradients lie, in bytes from the segment's beginning, in the order in which blocks are registered.
    let places: [[Int]]
    let byteCount: Int
    /// Each block's gradients, in the order of `contributions`.
    let buffers: [ParameterBlock.Key: [TensorBuffer]]

    /// - Parameter shared: Whether the worker is on this machine and maps the memory.
    init(_ registered: [RegisteredBlock], contributions: Range<Int>, shared: Bool) throws {
        self.contributions = contributions
        var layout = SegmentLayout(reserved: SharedSegment.reserved)
        places = registered.map { entry in contributions.map { _ in layout.reserve(entry.gradient) } }
        byteCount = layout.byteCount
        segment = shared ? try SharedSegment(byteCount: layout.byteCount) : nil
        let memory = try segment?.buffer ?? TensorBuffer.allocate(byteCount: layout.byteCount)
        var buffers: [ParameterBlock.Key: [TensorBuffer]] = [:]
        for (entry, offsets) in zip(registered, places) {
            buffers[entry.block.key] = offsets.map { memory.slice(offset: $0, byteCount: entry.gradient.byteCount) }
        }
        self.buffers = buffers
    }

    /// Where a contribution to a block's gradient is put; nil where it is not this worker's.
    func buffer(of key: ParameterBlock.Key, contribution: Int) -> TensorBuffer? {
        contributions.contains(contribution) ? buffers[key]?[contribution - contributions.lowerBound] : nil
    }
}

/// Where the gradients of one attempt lie: of each block all contributions, which its workers of all replicas write.
struct AttemptGradients {
    typealias Key = ParameterBlock.Key

    let attempt: UInt32
    /// Contributions of which a gradient is the sum.
    private let contributions: Int
    private var parts: [Key: [TensorBuffer?]] = [:]
    /// The blocks whose contributions all have a place. Kept, so that a step looks them up only.
    private var whole: [Key: [TensorBuffer]] = [:]

    init(attempt: UInt32, contributions: Int) { (self.attempt, self.contributions) = (attempt, contributions) }

    /// Adds a worker's. They take the place of those that a worker of the same columns had before.
    mutating func add(_ segment: GradientSegment) {
        for (key, buffers) in segment.buffers {
            var all = parts[key] ?? Array(repeating: nil, count: contributions)
            for (contribution, buffer) in zip(segment.contributions, buffers) where all.indices.contains(contribution) {
                all[contribution] = buffer
            }
            parts[key] = all
            let present = all.compactMap { $0 }
            whole[key] = present.count == contributions ? present : nil
        }
    }

    /// Returns the contributions to a block's gradient, in the tree's order; nil while one has no place.
    subscript(key: Key) -> [TensorBuffer]? { whole[key] }
}
