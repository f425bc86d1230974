import Partition
import Tensors

/// The gradients of one block that replicas hand in, and their sum, part by part. Those of 16 bits are added in 32, and each sum is
/// rounded, as it is where a worker adds.
struct GradientContributions: @unchecked Sendable {
    /// Where they are put, as `GradientTree` counts them.
    let buffers: [TensorBuffer]
    private let additions: [Addition]
    /// For parts of contributions of 16 bits: as many as an addition reads.
    private let widened: [TensorBuffer]

    /// An addition of the tree with the memory that it reads. Contributions themselves stay as they were handed in.
    private struct Addition {
        let left: Operand
        let right: Operand
        /// As long as a part.
        let sum: TensorBuffer
    }

    private enum Operand {
        case contribution(TensorBuffer)
        case sum(TensorBuffer)
    }

    /// - Parameters:
    ///   - type: of contributions.
    ///   - additions: the tree's.
    init(_ buffers: [TensorBuffer], of type: ElementType, additions: [GradientTree.Addition]) throws {
        self.buffers = buffers
        widened = type == .float32 ? [] : try (0..<2).map { _ in try .allocate(floats: MomentumUpdate.chunk) }
        var sums: [Int: TensorBuffer] = [:]
        func operand(_ index: Int) -> Operand { sums[index].map { .sum($0) } ?? .contribution(buffers[index]) }
        self.additions = try additions.map { addition in
            let (left, right) = (operand(addition.to), operand(addition.from))
            let sum = try sums[addition.to] ?? .allocate(floats: MomentumUpdate.chunk)
            sums[addition.to] = sum
            return Addition(left: left, right: right, sum: sum)
        }
    }

    /// The sum of a part of all contributions, in the tree's order; the contribution where there is one.
    /// - Parameter range: of elements, at most `MomentumUpdate.chunk`.
    func sum(_ range: Range<Int>) -> UnsafePointer<Float> {
        guard let last = additions.last else { return part(.contribution(buffers[0]), range, slot: 0) }
        for addition in additions {
            let (left, right) = (part(addition.left, range, slot: 0), part(addition.right, range, slot: 1))
            let result = addition.sum.floats.baseAddress!
            for i in 0..<range.count { result[i] = left[i] + right[i] }
            if !widened.isEmpty { BFloat16.round(result, to: result, count: range.count) }
        }
        return UnsafePointer(last.sum.floats.baseAddress!)
    }

    /// - Parameter slot: for a contribution of 16 bits, the memory in which it is widened.
    private func part(_ operand: Operand, _ range: Range<Int>, slot: Int) -> UnsafePointer<Float> {
        switch operand {
        case .sum(let buffer): return UnsafePointer(buffer.floats.baseAddress!)
        case .contribution(let buffer) where widened.isEmpty: return UnsafePointer(buffer.floats.baseAddress! + range.lowerBound)
        case .contribution(let buffer):
            let wide = widened[slot].floats.baseAddress!
            BFloat16.widen(buffer.halves + range.lowerBound, to: wide, count: range.count)
            return UnsafePointer(wide)
        }
    }
}
