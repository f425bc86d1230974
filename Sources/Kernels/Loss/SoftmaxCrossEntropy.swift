import COneDNN
import Tensors

/// Softmax over all classes and the mean cross-entropy of the minibatch (§3.5). Every worker computes it from the same logits, which
/// the columns have exchanged.
public final class SoftmaxCrossEntropy {
    /// Loss and errors of some images. Outcomes of passes add up.
    public struct Outcome: Sendable, Equatable {
        /// Sum over the images of −log p(label), rounded to a multiple of 2⁻³⁰.
        public var lossSum: Double = 0
        public var images = 0
        /// Images whose label is not the most probable class.
        public var top1Wrong = 0
        /// Images whose label is not among the five most probable classes.
        public var top5Wrong = 0

        public init() {}

        public static func + (a: Outcome, b: Outcome) -> Outcome {
            var sum = a
            sum.lossSum += b.lossSum
            sum.images += b.images
            sum.top1Wrong += b.top1Wrong
            sum.top5Wrong += b.top5Wrong
            return sum
        }
    }

    private let batch: Int
    /// Images of a whole step, over which the loss is averaged.
    private let images: Int
    private let classes: Int
    /// N×classes.
    private let logits: Memory
    /// log p, N×classes.
    private let logProbabilities: Memory
    private let labelGradient: Memory
    private let gather: [KernelCall]
    private let logSoftmax: KernelCall
    private let logSoftmaxGradient: KernelCall
    private let scatter: [KernelCall]

    /// - Parameters:
    ///   - batch: images in a pass.
    ///   - images: images in a step; the gradient is that of their mean loss.
    ///   - slabs: every column's logits, N×classes of the column, in column order.
    ///   - gradients: where to write the gradient of each hosted column's logits.
    public init(
        batch: Int, of images: Int, slabs: [Operand], gradients: [(column: Int, memory: Memory)], scratch: ScratchMemory, engine: Engine
    ) throws {
        let widths = slabs.map { $0.layout.shape[1] }
        let offsets = widths.indices.map { widths[..<$0].reduce(0, +) }
        (self.batch, self.images) = (batch, images)
        classes = widths.reduce(0, +)
        let layout = try TensorLayout(plain: Shape(batch, classes))
        logits = try Memory(layout, engine: engine)
        logProbabilities = try Memory(layout, engine: engine)
        labelGradient = try Memory(layout, engine: engine)

        func part(_ memory: Memory, _ column: Int) throws -> Operand {
            let region = Region(origin: [0, offsets[column]], extents: Shape(batch, widths[column]))
            return .fixed(try memory.viewed(as: layout.part(region), engine: engine))
        }
        let all = logits
        gather = try slabs.enumerated().map { column, slab in
            try Reorder.call(from: slab, to: part(all, column), scratch: scratch, engine: engine)
        }
        var data = layout.descriptor
        var operation = dnnl_logsoftmax_desc_t()
        try check(dnnl_logsoftmax_forward_desc_init(&operation, dnnl_forward_training, &data, 1), "describe a softmax")
        let forward = try PrimitiveDescriptor(operation, engine: engine, for: "a softmax")
        logSoftmax = try KernelCall(
            forward, [(DNNL_ARG_SRC, .fixed(logits)), (DNNL_ARG_DST, .fixed(logProbabilities))], scratch: scratch,
            engine: engine)
        var gradient = data
        try check(
            dnnl_logsoftmax_backward_desc_init(&operation, &gradient, &data, 1), "describe a softmax's gradient")
        let backward = try PrimitiveDescriptor(operation, hint: forward, engine: engine, for: "a softmax")
        // The gradient overwrites the logits, which are not needed any more.
        logSoftmaxGradient = try KernelCall(
            backward,
            [
                (DNNL_ARG_DST, .fixed(logProbabilities)), (DNNL_ARG_DIFF_DST, .fixed(labelGradient)),
                (DNNL_ARG_DIFF_SRC, .fixed(logits)),
            ], scratch: scratch, engine: engine)
        scatter = try gradients.map { column, memory in
            try Reorder.call(from: part(all, column), to: .fixed(memory), scratch: scratch, engine: engine)
        }
    }

    /// log p, N×classes, valid after `forward`.
    public var result: UnsafeBufferPointer<Float> { UnsafeBufferPointer(logProbabilities.buffer.floats) }

    /// Computes softmax, loss and errors of the first `images` of the minibatch.
    public func forward(labels: UnsafeBufferPointer<Int32>, images: Int, parity: BufferParity) throws -> Outcome {
        for call in gather { try call.run(parity) }
        try logSoftmax.run(parity)
        var outcome = Outcome()
        outcome.images = images
        for image in 0..<images {
            let row = UnsafeBufferPointer(rebasing: result[image * classes..<(image + 1) * classes])
            let label = Int(labels[image])
            // A probability is at most 1, but oneDNN's logarithm is off by up to 1.4e-6, so that log p of a probability near 1 is positive. A
            // loss that is not a number is kept.
            let loss = -Double(row[label])
            outcome.lossSum += loss < 0 ? 0 : loss
            // Ties count against the label, so that a constant output is no better than chance.
            let value = row[label]
            var better = 0
            for (index, other) in row.enumerated() where index != label && !(other < value) { better += 1 }
            if better >= 1 { outcome.top1Wrong += 1 }
            if better >= 5 { outcome.top5Wrong += 1 }
        }
        // Multiples of 2⁻³⁰ add up exactly, so the sum over passes and processes does not depend on their order.
        if outcome.lossSum.isFinite { outcome.lossSum = (outcome.lossSum * 0x1p30).rounded() * 0x1p-30 }
        return outcome
    }

    /// Writes the gradient of the mean loss with respect to the hosted columns' logits.
    public func backward(labels: UnsafeBufferPointer<Int32>, parity: BufferParity) throws {
        let share = -1 / Float(images)
        let gradient = labelGradient.buffer.floats
        gradient[..<(batch * classes)].update(repeating: 0)
        for image in 0..<batch { gradient[image * classes + Int(labels[image])] = share }
        try logSoftmaxGradient.run(parity)
        for call in scatter { try call.run(parity) }
    }
}
