import Glibc
import Kernels
import NeuralNetwork
package import Partition
package import Tensors

/// One parameter block as the store holds it: values and momentum twice. Gradients belong to an attempt, and are given with each update.
///
/// What is updated has 32 bits and lies as the gradient does. Kernels that compute in 16 bits read a rounded copy in a
/// layout of their own, which is made after each update; others read what is updated.
package final class StoredBlock: @unchecked Sendable {
    package let block: ParameterBlock
    /// The layout of gradient, masters and momentum.
    let layout: TensorLayout
    let valueLayout: TensorLayout
    /// The values that workers' kernels read, of even and odd steps.
    package let values: [TensorBuffer]
    private let sum: GradientSum
    /// The values that are updated; the same memory as `values` where kernels read 32 bits.
    private let masters: [TensorBuffer]
    private let momentum: [TensorBuffer]
    /// Rounds the masters of a step to its values.
    private let rounding: KernelCall?
    private let digest = RunningDigest()
    /// The steps that the buffers belong to, for a process that comes after this one.
    package let steps: BlockSteps

    /// - Parameters:
    ///   - memory: Its buffers in the shard's file.
    ///   - sum: Adds up what replicas contribute to the gradient.
    init(_ block: ParameterBlock, _ memory: BlockMemory, valueLayout: TensorLayout, sum: GradientSum, engine: Engine) throws {
        (self.block, self.valueLayout, self.layout) = (block, valueLayout, memory.layout)
        (self.values, self.sum) = (memory.values, sum)
        (masters, momentum, steps) = (memory.masters, memory.momentum, memory.steps)
        guard valueLayout != layout else {
            rounding = nil
            return
        }
        let (layout, masters, values) = (layout, masters, values)
        func operand(_ layout: TensorLayout, _ buffers: [TensorBuffer]) throws -> Operand {
            .byWeights(try Memory(layout, buffers[0], engine: engine), try Memory(layout, buffers[1], engine: engine))
        }
        rounding = try Reorder.call(
            from: operand(layout, masters), to: operand(valueLayout, values), scratch: ScratchMemory(engine: engine),
            engine: engine)
    }

    /// Puts first values into the buffers of a step.
    /// - Parameter momentum: Nil for a block that has not been updated yet.
    func restore(_ values: TensorBuffer, momentum: TensorBuffer?, step: Int, engine: Engine) throws {
        steps.begin(step)
        try restore(values, momentum: false, step: step, engine: engine)
        if let momentum {
            try restore(momentum, momentum: true, step: step, engine: engine)
        } else {
            let buffer = self.momentum[step & 1].bytes
            memset(buffer.baseAddress!, 0, buffer.count)
        }
        steps.finish(step)
    }

    /// Puts a packed row-major value, or its momentum, into the buffer of a step.
    private func restore(_ canonical: TensorBuffer, momentum isMomentum: Bool, step: Int, engine: Engine) throws {
        let target = (isMomentum ? momentum : masters)[step & 1]
        try Reorder.pack(canonical, into: Memory(layout, target, engine: engine), engine: engine)
        if !isMomentum { try round(step) }
    }

    /// The packed row-major value of a step, or its momentum.
    func canonical(momentum isMomentum: Bool, step: Int, engine: Engine) throws -> TensorBuffer {
        try Self.canonical((isMomentum ? momentum : masters)[step & 1], layout, block, engine: engine)
    }

    /// The packed row-major form of a block's values or momentum that lie in a layout.
    static func canonical(_ source: TensorBuffer, _ layout: TensorLayout, _ block: ParameterBlock, engine: Engine) throws -> TensorBuffer {
        let result = try TensorBuffer.allocate(floats: block.shape.count)
        try Reorder.unpack(Memory(layout, source, engine: engine), into: result, engine: engine)
        return result
    }

    /// The result of a block's update.
    package struct Updated: Sendable {
        var digest: UInt64 = 0
        /// Sums of squares of the new values and of what was added to them; 0 where they are not measured.
        var valueSquares = 0.0
        var updateSquares = 0.0
    }

    /// Computes the step's values and momentum beside the last step's (§5), and their digest on the way.
    /// - Parameters:
    ///   - gradients: the contributions of the step's attempt.
    ///   - measures: whether sums of squares are taken too.
    func update(_ gradients: [TensorBuffer], step: Int, rate: Float, optimizer: Optimizer, measures: Bool) throws -> Updated {
        let recipe = block.recipe
        let usual = block.key.kind == .weight || optimizer.decaysBiases ? optimizer.weightDecay : 0
        let scaled = rate * recipe.learningRate
        let update = MomentumUpdate(
            momentum: optimizer.momentum, decay: (recipe.decay ?? usual) * scaled, rate: scaled)
        let (old, new) = ((step - 1) & 1, step & 1)
        digest.reset()
        steps.begin(step)
        var result = Updated()
        update.apply(
            count: layout.byteCount / 4, values: UnsafePointer(masters[old].floats.baseAddress!),
            momentum: UnsafePointer(momentum[old].floats.baseAddress!),
            gradient: { sum.part($0, of: gradients) }, newValues: masters[new].floats.baseAddress!,
            newMomentum: momentum[new].floats.baseAddress!
        ) { values, velocity in
            digest.add(UnsafeRawBufferPointer(values))
            digest.add(UnsafeRawBufferPointer(velocity))
            guard measures else { return }
            // The update is the new momentum (§5: w ← w + v). Both are in the cache.
            result.valueSquares += SumOfSquares.of(values)
            result.updateSquares += SumOfSquares.of(velocity)
        }
        try round(step)
        steps.finish(step)
        result.digest = digest.value
        return result
    }

    private func round(_ step: Int) throws { try rounding?.run(BufferParity(weights: step, pass: 0, batch: 0)) }
}
