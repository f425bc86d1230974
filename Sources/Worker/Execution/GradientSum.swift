import Kernels
import Tensors

/// Adds gradients of slices, elementwise, in whatever layout they have.
enum GradientSum {
    /// Of the same layout, 32 bits an element.
    static func add(_ other: Memory, to sum: Memory) {
        let count = sum.layout.byteCount / 4
        let (values, others) = (sum.buffer.floats.baseAddress!, UnsafePointer(other.buffer.floats.baseAddress!))
        for i in 0..<count { values[i] += others[i] }
    }
}
