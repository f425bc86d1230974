import Kernels
import Partition
import Tensors
package import Transport

/// The memory of the parameters of one worker's columns: a shared segment with every block's two values, which workers map to read only.
///
/// It stays when a worker fails: the one that takes its place, on the same columns, maps the same memory, as do the workers of other replicas.
/// What workers write lies elsewhere, in a `GradientSegment` of each worker and attempt.
package final class ParameterSegment: @unchecked Sendable {
    package let segment: SharedSegment
    let blocks: [ParameterBlock.Key: StoredBlock]
    let registered: [RegisteredBlock]
    /// Where values of even and odd steps lie, in bytes from the segment's beginning, in the order of `registered`.
    let places: [(even: Int, odd: Int)]

    init(_ registered: [RegisteredBlock], tree: GradientTree, engine: Engine) throws {
        self.registered = registered
        var layout = SegmentLayout(reserved: SharedSegment.reserved)
        places = registered.map { (layout.reserve($0.values), layout.reserve($0.values)) }
        segment = try SharedSegment(byteCount: layout.byteCount)
        let memory = segment.buffer
        var blocks: [ParameterBlock.Key: StoredBlock] = [:]
        for (entry, place) in zip(registered, places) {
            func slice(_ offset: Int) -> TensorBuffer { memory.slice(offset: offset, byteCount: entry.values.byteCount) }
            blocks[entry.block.key] = try StoredBlock(
                entry.block, valueLayout: entry.values, layout: entry.gradient.of(.float32),
                values: [slice(place.even), slice(place.odd)], sum: GradientSum(of: entry.gradient.type, additions: tree.additions),
                engine: engine)
        }
        self.blocks = blocks
    }

    var byteCount: Int { segment.buffer.bytes.count }

    /// Whether the same tensors are asked for in the same layouts.
    func isOf(_ others: [RegisteredBlock]) -> Bool {
        others.count == registered.count && zip(others, registered).allSatisfy { $0.isAlike($1) }
    }
}
