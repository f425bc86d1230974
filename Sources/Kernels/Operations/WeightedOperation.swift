import COneDNN
import Tensors

/// A layer's operation with weights, from one column's input to one column's output, planned for the layouts of both.
public protocol WeightedOperation: AnyObject {
    /// The layout that the kernels need for the weights.
    var weights: TensorLayout { get }
    /// The layout of the weights' gradient: that of the weights if they have 32 bits.
    var gradient: TensorLayout { get }
    /// The layout of the biases; nil if another part of the layer adds them.
    var biases: TensorLayout? { get }
    /// The chosen implementations: output, input gradient, weight gradient.
    var implementations: [String] { get }

    /// Plans destination = (destination +) weights · source + biases, followed by the activation.
    func output(source: Operand, weights: Operand, biases: Operand?, destination: Operand) throws -> any PlannedCall
    /// Plans the source's gradient from the destination's gradient.
    func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> any PlannedCall
    /// Plans the gradients of weights and biases from the destination's gradient.
    func parameterGradient(source: Operand, destination: Operand, weights: Operand, biases: Operand?) throws
        -> any PlannedCall
}

/// A convolution or an inner product: three oneDNN kernels.
final class PrimitiveOperation: WeightedOperation {
    /// Layout of the layer's input; a reorder converts it if the kernels need another.
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
            (DNNL_ARG_SRC, try staging.input(source, as: kernel.sourceLayout, .source)),
            (DNNL_ARG_WEIGHTS, weights),
            (DNNL_ARG_DST, try staging.output(destination, as: kernel.destinationLayout, .destination)),
        ]
        if let biases { arguments.append((DNNL_ARG_BIAS, biases)) }
        return try staging.call(kernel, arguments)
    }

    func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> any PlannedCall {
        guard let kernel = inputGradientKernel else { throw KernelError("the first layer has no input gradient") }
        var staging = Staging(scratch: scratch, engine: engine)
        let arguments = [
            (DNNL_ARG_DIFF_DST, try staging.input(destination, as: kernel.layout(dnnl_query_diff_dst_md)!, .destination)),
            (DNNL_ARG_WEIGHTS, try staging.input(weights, as: kernel.weightsLayout, .weights)),
            (DNNL_ARG_DIFF_SRC, try staging.output(source, as: kernel.layout(dnnl_query_diff_src_md)!, .source)),
        ]
        return try staging.call(kernel, arguments)
    }

    func parameterGradient(
        source: Operand, destination: Operand, weights: Operand, biases: Operand?
    ) throws -> any PlannedCall {
        let kernel = weightGradientKernel
        var staging = Staging(scratch: scratch, engine: engine)
        var arguments = [
            (DNNL_ARG_SRC, try staging.input(source, as: kernel.sourceLayout, .source)),
            (DNNL_ARG_DIFF_DST, try staging.input(destination, as: kernel.layout(dnnl_query_diff_dst_md)!, .destination)),
            (
                DNNL_ARG_DIFF_WEIGHTS,
                try staging.output(weights, as: kernel.layout(dnnl_query_diff_weights_md)!, .weights)
            ),
        ]
        if let biases { arguments.append((DNNL_ARG_DIFF_BIAS, biases)) }
        return try staging.call(kernel, arguments)
    }
}
