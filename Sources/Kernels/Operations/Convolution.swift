import COneDNN
public import Tensors

/// Plans a convolution of one column's kernels over one column's maps.
public enum Convolution {
    /// - Parameters:
    ///   - source: layout of the input, N×C×H×W.
    ///   - kernels: O×I×H×W.
    ///   - destination: layout of the output.
    ///   - biases: whether this part of the layer brings them.
    ///   - accumulates: whether the result is added to what the destination holds.
    ///   - activation: applied last.
    ///   - hasInputGradient: false for the layer that reads images.
    public static func plan(
        source: TensorLayout, kernels: Shape, destination: TensorLayout, stride: Int, padding: Int, biases: Bool,
        accumulates: Bool, activation: Activation?, hasInputGradient: Bool, scratch: ScratchMemory, engine: Engine
    ) throws -> WeightedOperation {
        let plan = Plan(
            kernels: kernels, stride: stride, padding: padding,
            biases: biases ? try TensorLayout(plain: Shape(kernels[0])) : nil, accumulates: accumulates,
            activation: activation, hasInputGradient: hasInputGradient, engine: engine)
        var chosen = try plan.kernels(source: source, destination: destination)
        if chosen[0].isReference || chosen[1].isReference, !accumulates {
            // No generated kernel for these layouts, as for the 11×11 kernels of conv1 without AVX-512: let oneDNN
            // choose, and reorder around it.
            chosen = try plan.kernels(source: source, destination: TensorLayout(any: destination.shape))
        }
        return try WeightedOperation(
            source: source, destination: destination, output: chosen[0],
            inputGradient: hasInputGradient ? chosen[2] : nil, weightGradient: chosen[1], biases: plan.biases,
            scratch: scratch, engine: engine)
    }

    private struct Plan {
        let kernels: Shape
        let stride: Int
        let padding: Int
        let biases: TensorLayout?
        let accumulates: Bool
        let activation: Activation?
        let hasInputGradient: Bool
        let engine: Engine

        /// Output, weight gradient and input gradient kernels, all on the output kernel's layouts.
        func kernels(source: TensorLayout, destination: TensorLayout) throws -> [PrimitiveDescriptor] {
            let strides = [Int64](repeating: Int64(stride), count: 2)
            // Padding on the far side is what the last window reaches: a row that no window reads is no padding.
            let near = [Int64](repeating: Int64(padding), count: 2)
            let far = (0..<2).map { axis in
                Int64((destination.shape[axis + 2] - 1) * stride + kernels[axis + 2] - source.shape[axis + 2] - padding)
            }
            var weights = try TensorLayout(any: kernels).descriptor
            var (from, to) = (source.descriptor, destination.descriptor)
            var bias = biases?.descriptor ?? dnnl_memory_desc_t()

            var operation = dnnl_convolution_desc_t()
            try check(
                dnnl_convolution_forward_desc_init(
                    &operation, dnnl_forward_training, dnnl_convolution_direct, &from, &weights, &bias, &to, strides,
                    near, far), "describe a convolution")
            let output = try PrimitiveDescriptor(
                operation, attributes: Attributes(accumulates: accumulates, activation: activation), engine: engine,
                for: "a convolution of \(kernels)")
            weights = output.weightsLayout.descriptor
            to = output.destinationLayout.descriptor

            try check(
                dnnl_convolution_backward_weights_desc_init(
                    &operation, dnnl_convolution_direct, &from, &weights, &bias, &to, strides, near, far),
                "describe a weight gradient")
            let weightGradient = try PrimitiveDescriptor(
                operation, hint: output, engine: engine, for: "the weight gradient of \(kernels)")
            guard hasInputGradient else { return [output, weightGradient] }

            try check(
                dnnl_convolution_backward_data_desc_init(
                    &operation, dnnl_convolution_direct, &from, &weights, &to, strides, near, far),
                "describe an input gradient")
            var inputGradient = try PrimitiveDescriptor(
                operation, hint: output, engine: engine, for: "the input gradient of \(kernels)")
            if inputGradient.isReference {
                // Without AVX-512 the generated kernel reads the weights in another layout than the output's kernel:
                // a reorder of the weights, which are small, buys a kernel hundreds of times as fast.
                var other = try TensorLayout(any: kernels).descriptor
                try check(
                    dnnl_convolution_backward_data_desc_init(
                        &operation, dnnl_convolution_direct, &from, &other, &to, strides, near, far),
                    "describe an input gradient")
                inputGradient = try PrimitiveDescriptor(
                    operation, hint: output, engine: engine, for: "the input gradient of \(kernels)")
            }
            return [output, weightGradient, inputGradient]
        }
    }
}
