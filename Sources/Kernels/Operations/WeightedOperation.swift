import COneDNN
import Tensors

/// A convolution or an inner product between one column's input and one column's output: three kernels on the same
/// weights layout.
public final class WeightedOperation {
    /// Of the activations outside; the kernels' own may differ, and then a reorder stands between.
    public let source: TensorLayout
    public let destination: TensorLayout
    /// As the kernels want the weights, and give their gradient.
    public let weights: TensorLayout
    public let biases: TensorLayout?
    /// The implementations that were chosen: output, input gradient, weight gradient.
    public let implementations: [String]

    private let engine: Engine
    private let scratch: ScratchMemory
    private let outputKernel: PrimitiveDescriptor
    private let inputGradientKernel: PrimitiveDescriptor?
    private let weightGradientKernel: PrimitiveDescriptor

    init(
        source: TensorLayout, destination: TensorLayout, output: PrimitiveDescriptor, inputGradient: PrimitiveDescriptor?,
        weightGradient: PrimitiveDescriptor, biases: TensorLayout?, scratch: ScratchMemory, engine: Engine
    ) throws {
        (self.source, self.destination, self.biases) = (source, destination, biases)
        weights = output.weightsLayout
        (outputKernel, inputGradientKernel, weightGradientKernel) = (output, inputGradient, weightGradient)
        (self.scratch, self.engine) = (scratch, engine)
        implementations = [output, inputGradient, weightGradient].compactMap { $0?.implementation }
    }

    /// destination = (destination +) weights · source + biases, then the activation.
    public func output(source: Operand, weights: Operand, biases: Operand?, destination: Operand) throws -> KernelCall {
        let (source, before) = try enter(source, as: outputKernel.sourceLayout)
        let (staged, after) = try leave(destination, as: outputKernel.destinationLayout)
        try checkOneReorder(before, after)
        var arguments = [(DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, staged)]
        if let biases { arguments.append((DNNL_ARG_BIAS, biases)) }
        return try KernelCall(outputKernel, arguments, scratch: scratch, engine: engine, before: before, after: after)
    }

    /// The gradient for the source, from the gradient of the destination.
    public func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> KernelCall {
        guard let kernel = inputGradientKernel else { throw KernelError("the first layer has no input gradient") }
        let (gradient, before) = try enter(destination, as: kernel.layout(dnnl_query_diff_dst_md)!)
        let (staged, after) = try leave(source, as: kernel.layout(dnnl_query_diff_src_md)!)
        let (weights, packing) = try enter(weights, as: kernel.weightsLayout)
        try checkOneReorder(before ?? packing, after)
        try checkOneReorder(before, packing)
        return try KernelCall(
            kernel, [(DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DIFF_SRC, staged)],
            scratch: scratch, engine: engine, before: before ?? packing, after: after)
    }

    /// The gradients of weights and biases.
    public func parameterGradient(
        source: Operand, destination: Operand, weights: Operand, biases: Operand?
    ) throws -> KernelCall {
        let kernel = weightGradientKernel
        let (source, first) = try enter(source, as: kernel.sourceLayout)
        let (gradient, second) = try enter(destination, as: kernel.layout(dnnl_query_diff_dst_md)!)
        try checkOneReorder(first, second)
        var arguments = [(DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_WEIGHTS, weights)]
        if let biases { arguments.append((DNNL_ARG_DIFF_BIAS, biases)) }
        return try KernelCall(kernel, arguments, scratch: scratch, engine: engine, before: first ?? second)
    }

    /// There is one staging area.
    private func checkOneReorder(_ one: KernelCall?, _ other: KernelCall?) throws {
        guard one == nil || other == nil else { throw KernelError("two arguments of one kernel need a reorder") }
    }

    private func enter(_ outside: Operand, as layout: TensorLayout) throws -> (Operand, KernelCall?) {
        if outside.layout == layout { return (outside, nil) }
        let staged = Operand.fixed(try scratch.memory(layout, in: .staging))
        return (staged, try Reorder.call(from: outside, to: staged, scratch: scratch, engine: engine))
    }

    private func leave(_ outside: Operand, as layout: TensorLayout) throws -> (Operand, KernelCall?) {
        if outside.layout == layout { return (outside, nil) }
        let staged = Operand.fixed(try scratch.memory(layout, in: .staging))
        return (staged, try Reorder.call(from: staged, to: outside, scratch: scratch, engine: engine))
    }
}
