import Kernels
import Network
import Partition
import Tensors

/// One parameter block as the store keeps it: values and momentum twice, and the place where gradients are put.
final class StoredBlock: @unchecked Sendable {
    let block: ParameterBlock
    let layout: TensorLayout
    /// Even and odd steps.
    let values: [TensorBuffer]
    let momentum: [TensorBuffer]
    let gradient: TensorBuffer
    private let digest = RunningDigest()

    /// - Parameters:
    ///   - values: of even and odd steps, in memory that the worker may share.
    ///   - gradient: where the worker puts it.
    init(_ block: ParameterBlock, layout: TensorLayout, values: [TensorBuffer], gradient: TensorBuffer) {
        (self.block, self.layout, self.values, self.gradient) = (block, layout, values, gradient)
        momentum = [TensorBuffer(byteCount: layout.byteCount), TensorBuffer(byteCount: layout.byteCount)]
    }

    /// Puts a packed row-major value, or its momentum, into the buffer of a step.
    func restore(_ canonical: TensorBuffer, momentum isMomentum: Bool, step: Int, engine: Engine) throws {
        let target = (isMomentum ? momentum : values)[step & 1]
        try Reorder.pack(canonical, into: Memory(layout, target, engine: engine), engine: engine)
    }

    /// The packed row-major value of a step, or its momentum.
    func canonical(momentum isMomentum: Bool, step: Int, engine: Engine) throws -> TensorBuffer {
        let source = (isMomentum ? momentum : values)[step & 1]
        let result = TensorBuffer(floats: block.shape.count)
        try Reorder.unpack(Memory(layout, source, engine: engine), into: result, engine: engine)
        return result
    }

    /// Computes the step's values and momentum beside the last step's (§5), and their digest on the way.
    func update(step: Int, rate: Float, optimizer: Optimizer) -> UInt64 {
        let recipe = block.recipe
        let usual = block.key.kind == .weight || optimizer.decaysBiases ? optimizer.weightDecay : 0
        let scaled = rate * recipe.learningRate
        let update = MomentumUpdate(
            momentum: optimizer.momentum, decay: (recipe.decay ?? usual) * scaled, rate: scaled)
        let (old, new) = ((step - 1) & 1, step & 1)
        digest.reset()
        update.apply(
            count: layout.byteCount / 4, values: UnsafePointer(values[old].floats.baseAddress!),
            momentum: UnsafePointer(momentum[old].floats.baseAddress!),
            gradient: UnsafePointer(gradient.floats.baseAddress!), newValues: values[new].floats.baseAddress!,
            newMomentum: momentum[new].floats.baseAddress!
        ) { digest.add($0) }
        return digest.value
    }
}
