import COneDNN
import Tensors

/// What a layer's weights do between one column's input and one column's output, planned on the layouts of both.
public protocol WeightedOperation: AnyObject {
    /// As the kernels want the weights.
    var weights: TensorLayout { get }
    /// As they give the weights' gradient: like the weights where those have 32 bits.
    var gradient: TensorLayout { get }
    /// Nil where the biases are another part's.
    var biases: TensorLayout? { get }
    /// The implementations that were chosen: output, input gradient, weight gradient.
    var implementations: [String] { get }

    /// destination = (destination +) weights · source + biases, then the activation.
    func output(source: Operand, weights: Operand, biases: Operand?, destination: Operand) throws -> any PlannedCall
    /// The gradient for the source, from the gradient of the destination.
    func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> any PlannedCall
    /// The gradients of weights and biases.
    func parameterGradient(source: Operand, destination: Operand, weights: Operand, biases: Operand?) throws
        -> any PlannedCall
}

/// A convolution or an inner product: three of oneDNN's kernels on the same weights layout.
final class PrimitiveOperation: WeightedOperation {
    /// Of the activations outside; the kernels' own may differ, and then a reorder stands between.
    let source: TensorLayout
    let destination: TensorLayout
    let weights: TensorLayout
    let gradient: TensorLayout
    let biases: TensorLayout?
    let implementations: [String]

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
        gradient = weights.type == .float32 ? weights : weightGradient.layout(dnnl_query_diff_weights_md)!
        (outputKernel, inputGradientKernel, weightGradientKernel) = (output, inputGradient, weightGradient)
        (self.scratch, self.engine) = (scratch, engine)
        implementations = [output, inputGradient, weightGradient].compactMap { $0?.implementation }
    }

    func output(source: Operand, weights: Operand, biases: Operand?, destination: Operand) throws -> any PlannedCall {
        let kernel = outputKernel
        var reorders = Reorders()
        var arguments = [
            (DNNL_ARG_SRC, try enter(source, as: kernel.sourceLayout, .source, &reorders)),
            (DNNL_ARG_WEIGHTS, weights),
            (DNNL_ARG_DST, try leave(destination, as: kernel.destinationLayout, .destination, &reorders)),
        ]
        if let biases { arguments.append((DNNL_ARG_BIAS, biases)) }
        return try call(kernel, arguments, reorders)
    }

    func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> any PlannedCall {
        guard let kernel = inputGradientKernel else { throw KernelError("the first layer has no input gradient") }
        var reorders = Reorders()
        let arguments = [
            (DNNL_ARG_DIFF_DST, try enter(destination, as: kernel.layout(dnnl_query_diff_dst_md)!, .destination, &reorders)),
            (DNNL_ARG_WEIGHTS, try enter(weights, as: kernel.weightsLayout, .weights, &reorders)),
            (DNNL_ARG_DIFF_SRC, try leave(source, as: kernel.layout(dnnl_query_diff_src_md)!, .source, &reorders)),
        ]
        return try call(kernel, arguments, reorders)
    }

    func parameterGradient(
        source: Operand, destination: Operand, weights: Operand, biases: Operand?
    ) throws -> any PlannedCall {
        let kernel = weightGradientKernel
        var reorders = Reorders()
        var arguments = [
            (DNNL_ARG_SRC, try enter(source, as: kernel.sourceLayout, .source, &reorders)),
            (DNNL_ARG_DIFF_DST, try enter(destination, as: kernel.layout(dnnl_query_diff_dst_md)!, .destination, &reorders)),
            (
                DNNL_ARG_DIFF_WEIGHTS,
                try leave(weights, as: kernel.layout(dnnl_query_diff_weights_md)!, .weights, &reorders)
            ),
        ]
        if let biases { arguments.append((DNNL_ARG_DIFF_BIAS, biases)) }
        return try call(kernel, arguments, reorders)
    }

    /// What stands between the layouts outside and the kernel's own.
    private struct Reorders {
        var before: [KernelCall] = []
        var after: [KernelCall] = []
    }

    private func call(
        _ kernel: PrimitiveDescriptor, _ arguments: [(Int32, Operand)], _ reorders: Reorders
    ) throws -> KernelCall {
        try KernelCall(
            kernel, arguments, scratch: scratch, engine: engine, before: reorders.before, after: reorders.after)
    }

    private func enter(
        _ outside: Operand, as layout: TensorLayout, _ area: ScratchMemory.Area, _ reorders: inout Reorders
    ) throws -> Operand {
        if outside.layout == layout { return outside }
        let staged = Operand.fixed(try scratch.memory(layout, in: area))
        reorders.before.append(try Reorder.call(from: outside, to: staged, scratch: scratch, engine: engine))
        return staged
    }

    private func leave(
        _ outside: Operand, as layout: TensorLayout, _ area: ScratchMemory.Area, _ reorders: inout Reorders
    ) throws -> Operand {
        if outside.layout == layout { return outside }
        let staged = Operand.fixed(try scratch.memory(layout, in: area))
        reorders.after.append(try Reorder.call(from: staged, to: outside, scratch: scratch, engine: engine))
        return staged
    }
}
