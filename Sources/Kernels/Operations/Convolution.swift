import COneDNN
public import Tensors

/// Plans a convolution of one column's input by one column's kernels.
public enum Convolution {
    /// - Parameters:
    ///   - source: layout of the input, N×C×H×W. Weights have its element type; their gradient and the biases are 32-bit floats.
    ///   - kernels: O×I×H×W.
    ///   - destination: layout of the output, N×O×H×W.
    ///   - biases: whether this part of the layer adds the biases.
    ///   - accumulates: whether the result is added to the destination's content.
    ///   - activation: applied last.
    ///   - hasInputGradient: false for the layer that reads images.
    ///   - winograd: whether 3×3 kernels may use Winograd's F(4×4, 3×3): fewer multiplications, larger rounding errors.
    /// - Throws: `KernelError` if oneDNN has no kernel.
    public static func plan(
        source: TensorLayout, kernels: Shape, destination: TensorLayout, stride: Int, padding: Int, biases: Bool,
        accumulates: Bool, activation: Activation?, hasInputGradient: Bool, winograd: Bool, scratch: ScratchMemory, engine: Engine
    ) throws -> any WeightedOperation {
        let plan = Plan(
            kernels: kernels, type: source.type, stride: stride, padding: padding,
            biases: biases ? try TensorLayout(plain: Shape(kernels[0])) : nil, accumulates: accumulates,
            activation: activation, hasInputGradient: hasInputGradient,
            usesWinograd: winograd && source.type == .float32 && isFasterByWinograd(kernels, stride: stride, outputs: destination.shape),
            engine: engine)
        let output = try plan.output(source: source, destination: destination)
        if accumulates, output.isReference {
            // For some widths, such as 12 channels in blocks of 16, oneDNN has a fast kernel but none that accumulates.
            let separate = try Self.plan(
                source: source, kernels: kernels, destination: destination, stride: stride, padding: padding, biases: biases,
                accumulates: false, activation: nil, hasInputGradient: hasInputGradient, winograd: winograd, scratch: scratch,
                engine: engine)
            return AddedOperation(separate, activation: activation, scratch: scratch, engine: engine)
        }
        let weights = output.weightsLayout
        // Gradients of activations have the activations' type, even if this layer's result has 32 bits.
        let gradientLayout = destination.of(source.type)
        return try PrimitiveOperation(
            source: source, destination: destination, output: output,
            inputGradient: hasInputGradient
                ? try plan.inputGradient(source: source, destination: gradientLayout, weights: weights, hint: output) : nil,
            weightGradient: try plan.weightGradient(
                source: source, destination: gradientLayout, weights: weights, hint: output),
            biases: plan.biases, scratch: scratch, engine: engine)
    }

    /// Returns whether Winograd's transformations pay: they need full tiles of 4×4 outputs and many channels. Measured: 1.7 times as
    /// fast from 32 channels and 12 rows up.
    private static func isFasterByWinograd(_ kernels: Shape, stride: Int, outputs: Shape) -> Bool {
        kernels[2] == 3 && kernels[3] == 3 && stride == 1 && min(kernels[0], kernels[1]) >= 32
            && min(outputs[2], outputs[3]) >= 12
    }

    private struct Plan {
        let kernels: Shape
        let type: ElementType
        let stride: Int
        let padding: Int
        let biases: TensorLayout?
        let accumulates: Bool
        let activation: Activation?
        let hasInputGradient: Bool
        let usesWinograd: Bool
        let engine: Engine

        func output(source: TensorLayout, destination: TensorLayout) throws -> PrimitiveDescriptor {
            try best(source, destination, weights: nil, keepsDestination: accumulates) { from, to, weights, algorithm in
                var operation = dnnl_convolution_desc_t()
                var bias = biases?.descriptor ?? dnnl_memory_desc_t()
                try check(
                    dnnl_convolution_forward_desc_init(
                        &operation, dnnl_forward_training, algorithm, &from, &weights, &bias, &to,
                        strides, near, far(from, to)), "describe a convolution")
                return try PrimitiveDescriptor(
                    operation, attributes: Attributes(accumulates: accumulates, activation: activation), engine: engine,
                    for: "a convolution of \(kernels)")
            }
        }

        func inputGradient(
            source: TensorLayout, destination: TensorLayout, weights: TensorLayout, hint: PrimitiveDescriptor
        ) throws -> PrimitiveDescriptor {
            try best(source, destination, weights: weights, keepsDestination: false) { from, to, weights, algorithm in
                var operation = dnnl_convolution_desc_t()
                try check(
                    dnnl_convolution_backward_data_desc_init(
                        &operation, algorithm, &from, &weights, &to, strides, near, far(from, to)),
                    "describe an input gradient")
                return try PrimitiveDescriptor(
                    operation, hint: hint, engine: engine, for: "the input gradient of \(kernels)")
            }
        }

        func weightGradient(
            source: TensorLayout, destination: TensorLayout, weights: TensorLayout, hint: PrimitiveDescriptor
        ) throws -> PrimitiveDescriptor {
            // The weight gradient is a sum over the minibatch and has 32 bits. Weights of 32 bits share its layout.
            let weights = type == .float32 ? weights : try TensorLayout(any: kernels, .float32)
            return try best(source, destination, weights: weights, keepsDestination: false) { from, to, weights, algorithm in
                var operation = dnnl_convolution_desc_t()
                var bias = biases?.descriptor ?? dnnl_memory_desc_t()
                try check(
                    dnnl_convolution_backward_weights_desc_init(
                        &operation, algorithm, &from, &weights, &bias, &to, strides, near, far(from, to)),
                    "describe a weight gradient")
                return try PrimitiveDescriptor(
                    operation, hint: hint, engine: engine, for: "the weight gradient of \(kernels)")
            }
        }

        private typealias Descriptor = dnnl_memory_desc_t

        /// Returns the first generated kernel among layouts that need ever more reorders: none, then of the weights, which are small,
        /// then also of the activations. Without AVX-512, oneDNN has no generated kernel for some convolutions over images in the
        /// given layouts. Its reference loops are hundreds of times slower than any reorder.
        private func best(
            _ source: TensorLayout, _ destination: TensorLayout, weights: TensorLayout?, keepsDestination: Bool,
            _ make: (inout Descriptor, inout Descriptor, inout Descriptor, dnnl_alg_kind_t) throws -> PrimitiveDescriptor
        ) throws -> PrimitiveDescriptor {
            let any = try TensorLayout(any: kernels, weights?.type ?? type)
            if usesWinograd {
                for layout in [weights ?? any, any] {
                    var (from, to, weights) = (source.descriptor, destination.descriptor, layout.descriptor)
                    let kernel = try? make(&from, &to, &weights, dnnl_convolution_winograd)
                    if let kernel, !kernel.isReference { return kernel }
                }
            }
            var candidates = [(source, destination, weights ?? any), (source, destination, any)]
            if !keepsDestination {
                let rows = try TensorLayout(plain: destination.shape, destination.type)
                candidates += [(source, rows, any), (try TensorLayout(plain: source.shape, source.type), rows, any)]
            }
            var first: PrimitiveDescriptor?
            for candidate in candidates {
                var (from, to, weights) = (candidate.0.descriptor, candidate.1.descriptor, candidate.2.descriptor)
                guard let kernel = try? make(&from, &to, &weights, dnnl_convolution_direct) else { continue }
                if !kernel.isReference { return kernel }
                first = first ?? kernel
            }
            guard let first else { throw KernelError("oneDNN has no kernel for a convolution of \(kernels)") }
            return first
        }

        private var strides: [Int64] { [Int64](repeating: Int64(stride), count: 2) }
        private var near: [Int64] { [Int64](repeating: Int64(padding), count: 2) }

        /// Returns the padding at the bottom and right: as far as the last window reaches, which may be less than `near`.
        private func far(_ source: Descriptor, _ destination: Descriptor) -> [Int64] {
            let (from, to) = (TensorLayout(source).shape, TensorLayout(destination).shape)
            return (2..<4).map { Int64((to[$0] - 1) * stride + kernels[$0] - from[$0] - padding) }
        }
    }
}
