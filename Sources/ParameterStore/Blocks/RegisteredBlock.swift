import Kernels
import Partition
import Protocol
import Tensors

/// A block as a worker registered it: how its kernels read the values, and how they write the gradient.
struct RegisteredBlock {
    let block: ParameterBlock
    let values: TensorLayout
    let gradient: TensorLayout
    let key: WireBlockKey

    func isAlike(_ other: RegisteredBlock) -> Bool { key == other.key && values == other.values && gradient == other.gradient }
}

/// Hands out places in a segment, one after another, each at a multiple of 64 bytes.
struct SegmentLayout {
    /// Bytes so far.
    private(set) var byteCount: Int

    /// - Parameter reserved: Bytes at the segment's beginning that are no tensor's.
    init(reserved: Int) { byteCount = reserved }

    mutating func reserve(_ layout: TensorLayout) -> Int {
        defer { byteCount += (layout.byteCount + 63) / 64 * 64 }
        return byteCount
    }
}
