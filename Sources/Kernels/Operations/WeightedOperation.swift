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
        var staging = Staging(scratch: scratch, engine: engine)
        var arguments = [
            (DNNL_ARG_SRC, try staging.enter(source, as: kernel.sourceLayout, .source)),
            (DNNL_ARG_WEIGHTS, weights),
            (DNNL_ARG_DST, try staging.leave(destination, as: kernel.destinationLayout, .destination)),
        ]
        if let biases { arguments.append((DNNL_ARG_BIAS, biases)) }
        return try staging.call(kernel, arguments)
    }

    func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> any PlannedCall {
        guard let kernel = inputGradientKernel else { throw KernelError("the first layer has no input gradient") }
        var staging = Staging(scratch: scratch, engine: engine)
        let arguments = [
            (DNNL_ARG_DIFF_DST, try staging.enter(destination, as: kernel.layout(dnnl_query_diff_dst_md)!, .destination)),
            (DNNL_ARG_WEIGHTS, try staging.enter(weights, as: kernel.weightsLayout, .weights)),
            (DNNL_ARG_DIFF_SRC, try staging.leave(source, as: kernel.layout(dnnl_query_diff_src_md)!, .source)),
        ]
        return try staging.call(kernel, arguments)
    }

    func parameterGradient(
        source: Operand, destination: Operand, weights: Operand, biases: Operand?
    ) throws -> any PlannedCall {
        let kernel = weightGradientKernel
        var staging = Staging(scratch: scratch, engine: engine)
        var arguments = [
            (DNNL_ARG_SRC, try staging.enter(source, as: kernel.sourceLayout, .source)),
            (DNNL_ARG_DIFF_DST, try staging.enter(destination, as: kernel.layout(dnnl_query_diff_dst_md)!, .destination)),
            (
                DNNL_ARG_DIFF_WEIGHTS,
                try staging.leave(weights, as: kernel.layout(dnnl_query_diff_weights_md)!, .weights)
            ),
        ]
        if let biases { arguments.append((DNNL_ARG_DIFF_BIAS, biases)) }
        return try staging.call(kernel, arguments)
    }
}
