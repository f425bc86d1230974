import Partition
import Tensors

/// The gradients of one block that replicas hand in, and their sum, part by part.
struct GradientContributions: @unchecked Sendable {
    /// Where they are put, as `GradientTree` counts them.
    let buffers: [TensorBuffer]
    private let additions: [Addition]

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

        func part(_ first: Int) -> UnsafePointer<Float> {
            switch self {
            case .contribution(let buffer): UnsafePointer(buffer.floats.baseAddress! + first)
            case .sum(let buffer): UnsafePointer(buffer.floats.baseAddress!)
            }
        }
    }

    /// - Parameter additions: the tree's.
    init(_ buffers: [TensorBuffer], additions: [GradientTree.Addition]) throws {
        self.buffers = buffers
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
        for addition in additions {
            let (left, right) = (addition.left.part(range.lowerBound), addition.right.part(range.lowerBound))
            let result = addition.sum.floats.baseAddress!
            for i in 0..<range.count { result[i] = left[i] + right[i] }
        }
        guard let last = additions.last else { return UnsafePointer(buffers[0].floats.baseAddress! + range.lowerBound) }
        return UnsafePointer(last.sum.floats.baseAddress!)
    }
}
