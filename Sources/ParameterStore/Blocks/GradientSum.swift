import Partition
import Tensors

/// Adds up the gradients of one block that replicas hand in, part by part. Those of 16 bits are added in 32, and each sum is rounded, as it is
/// where a worker adds.
struct GradientSum: @unchecked Sendable {
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
        /// Counted as `GradientTree` does.
        case contribution(Int)
        case sum(TensorBuffer)
    }

    /// - Parameters:
    ///   - type: of contributions.
    ///   - additions: the tree's.
    init(of type: ElementType, additions: [GradientTree.Addition]) throws {
        widened = type == .float32 ? [] : try (0..<2).map { _ in try .allocate(floats: MomentumUpdate.chunk) }
        var sums: [Int: TensorBuffer] = [:]
        func operand(_ index: Int) -> Operand { sums[index].map { .sum($0) } ?? .contribution(index) }
        self.additions = try additions.map { addition in
            let (left, right) = (operand(addition.to), operand(addition.from))
            let sum = try sums[addition.to] ?? .allocate(floats: MomentumUpdate.chunk)
            sums[addition.to] = sum
            return Addition(left: left, right: right, sum: sum)
        }
    }

    /// The sum of a part of all contributions, in the tree's order; the contribution where there is one.
    /// - Parameters:
    ///   - range: of elements, at most `MomentumUpdate.chunk`.
    ///   - contributions: of the attempt, as many as the tree adds.
    func part(_ range: Range<Int>, of contributions: [TensorBuffer]) -> UnsafePointer<Float> {
        guard let last = additions.last else { return elements(.contribution(0), contributions, range, slot: 0) }
        for addition in additions {
            let (left, right) = (
                elements(addition.left, contributions, range, slot: 0), elements(addition.right, contributions, range, slot: 1)
            )
            let result = addition.sum.floats.baseAddress!
            for i in 0..<range.count { result[i] = left[i] + right[i] }
            if !widened.isEmpty { BFloat16.round(result, to: result, count: range.count) }
        }
        return UnsafePointer(last.sum.floats.baseAddress!)
    }

    /// - Parameter slot: for a contribution of 16 bits: which memory it is widened in.
    private func elements(
        _ operand: Operand, _ contributions: [TensorBuffer], _ range: Range<Int>, slot: Int
    ) -> UnsafePointer<Float> {
        switch operand {
        case .sum(let buffer): return UnsafePointer(buffer.floats.baseAddress!)
        case .contribution(let index) where widened.isEmpty:
            return UnsafePointer(contributions[index].floats.baseAddress! + range.lowerBound)
        case .contribution(let index):
            let wide = widened[slot].floats.baseAddress!
            BFloat16.widen(contributions[index].halves + range.lowerBound, to: wide, count: range.count)
            return UnsafePointer(wide)
        }
    }
}
