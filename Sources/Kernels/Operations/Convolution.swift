import COneDNN
public import Tensors

/// Plans a convolution of one column's kernels over one column's maps.
public enum Convolution {
    /// - Parameters:
    ///   - source: layout of the input, N×C×H×W. Weights are of the same element type; their gradient and biases are
    ///     32-bit floats.
    ///   - kernels: O×I×H×W.
    ///   - destination: layout of the output.
    ///   - biases: whether this part of the layer brings them.
    ///   - accumulates: whether the result is added to what the destination holds.
    ///   - activation: applied last.
    ///   - hasInputGradient: false for the layer that reads images.
    ///   - winograd: whether 3×3 kernels may be Winograd's F(4×4, 3×3), with fewer multiplications and larger rounding
    ///     errors.
    public static func plan(
        source: TensorLayout, kernels: Shape, destination: TensorLayout, stride: Int, padding: Int, biases: Bool,
        accumulates: Bool, activation: Activation?, hasInputGradient: Bool, winograd: Bool, scratch: ScratchMemory, engine: Engine
    ) throws -> any WeightedOperation {
        let plan = Plan(
            kernels: kernels, type: source.type, stride: stride, padding: padding,
            biases: biases ? try TensorLayout(plain: Shape(kernels[0])) : nil, accumulates: accumulates,
            activation: activation, hasInputGradient: hasInputGradient,
            usesWinograd: winograd && source.type == .float32 && gainsByWinograd(kernels, stride: stride, outputs: destination.shape), engine: engine)
        let output = try plan.output(source: source, destination: destination)
        if accumulates, output.isReference {
            // Some widths oneDNN computes fast but not onto what is there, such as 12 channels of blocks of 16.
            let beside = try Self.plan(
                source: source, kernels: kernels, destination: destination, stride: stride, padding: padding, biases: biases,
                accumulates: false, activation: nil, hasInputGradient: hasInputGradient, winograd: winograd, scratch: scratch,
                engine: engine)
            return AddedOperation(beside, activation: activation, scratch: scratch, engine: engine)
        }
        let weights = output.weightsLayout
        // Gradients of activations have the activations' type, also where a result is left in 32 bits.
        let difference = destination.of(source.type)
        return try PrimitiveOperation(
            source: source, destination: destination, output: output,
            inputGradient: hasInputGradient
                ? try plan.inputGradient(source: source, destination: difference, weights: weights, hint: output) : nil,
            weightGradient: try plan.weightGradient(
                source: source, destination: difference, weights: weights, hint: output),
            biases: plan.biases, scratch: scratch, engine: engine)
    }

    /// Winograd's tiles of 4×4 outputs have to be filled well, and channels to be many, for its transformations to
    /// pay: measured from 32 channels and 12 rows on, 1.7 times as fast.
    private static func gainsByWinograd(_ kernels: Shape, stride: Int, outputs: Shape) -> Bool {
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
            // A sum over the minibatch has 32 bits. It lies as the weights do where those have as many.
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

        /// The first generated kernel among layouts that cost more and more reorders: none, one of the weights, which
        /// are small, and then activations in rows as well. Without AVX-512 oneDNN has no generated kernel for some
        /// convolutions over images, and its reference loops are hundreds of times slower than any reorder.
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

        /// Padding on the far side is what the last window reaches: a row that no window reads is no padding.
        private func far(_ source: Descriptor, _ destination: Descriptor) -> [Int64] {
            let (from, to) = (TensorLayout(source).shape, TensorLayout(destination).shape)
            return (2..<4).map { Int64((to[$0] - 1) * stride + kernels[$0] - from[$0] - padding) }
        }
    }
}
