import COneDNN

/// Local response normalization over the channels of one column (§3.3).
public final class Normalization {
    /// Kept from forward for backward; nil where the kernel needs none.
    public let workspace: TensorLayout?
    public let implementations: [String]
    private let layout: TensorLayout
    private let forwardKernel: PrimitiveDescriptor
    private let backwardKernel: PrimitiveDescriptor
    private let engine: Engine
    private let scratch: ScratchMemory

    /// - Parameters:
    ///   - layout: N×C×H×W.
    ///   - alpha: multiplies the plain sum, as in the paper.
    public init(
        layout: TensorLayout, size: Int, k: Float, alpha: Float, beta: Float, scratch: ScratchMemory, engine: Engine
    ) throws {
        func kernels(_ layout: TensorLayout) throws -> (PrimitiveDescriptor, PrimitiveDescriptor) {
            var data = layout.descriptor
            var operation = dnnl_lrn_desc_t()
            // oneDNN divides α by the number of maps; the paper does not.
            let scaled = alpha * Float(size)
            try check(
                dnnl_lrn_forward_desc_init(
                    &operation, dnnl_forward_training, dnnl_lrn_across_channels, &data, Int64(size), scaled, beta, k),
                "describe a normalization")
            let forward = try PrimitiveDescriptor(operation, engine: engine, for: "a normalization")
            var gradient = data
            try check(
                dnnl_lrn_backward_desc_init(
                    &operation, dnnl_lrn_across_channels, &gradient, &data, Int64(size), scaled, beta, k),
                "describe a normalization's gradient")
            return (forward, try PrimitiveDescriptor(operation, hint: forward, engine: engine, for: "a normalization"))
        }
        var chosen = try kernels(layout)
        var used = layout
        if chosen.0.isReference || chosen.1.isReference {
            // The generated kernels take whole blocks of channels only. The padding of a block is zero and adds
            // nothing to a sum of squares, so 12 channels may be normalized as 16.
            let wide = layout.includingPadding()
            let candidate = try kernels(wide)
            if !candidate.0.isReference, !candidate.1.isReference { (chosen, used) = (candidate, wide) }
        }
        (forwardKernel, backwardKernel) = chosen
        workspace = chosen.0.workspaceLayout
        implementations = [chosen.0.implementation, chosen.1.implementation]
        self.layout = used
        (self.engine, self.scratch) = (engine, scratch)
    }

    public func forward(source: Operand, destination: Operand, workspace: Operand?) throws -> KernelCall {
        var arguments = [
            (DNNL_ARG_SRC, try source.viewed(as: layout, engine: engine)),
            (DNNL_ARG_DST, try destination.viewed(as: layout, engine: engine)),
        ]
        if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
        return try KernelCall(forwardKernel, arguments, scratch: scratch, engine: engine)
    }

    /// The gradient of the source; it may not lie where the destination's gradient does.
    public func backward(
        source: Operand, destinationGradient: Operand, sourceGradient: Operand, workspace: Operand?
    ) throws -> KernelCall {
        var arguments = [
            (DNNL_ARG_SRC, try source.viewed(as: layout, engine: engine)),
            (DNNL_ARG_DIFF_DST, try destinationGradient.viewed(as: layout, engine: engine)),
            (DNNL_ARG_DIFF_SRC, try sourceGradient.viewed(as: layout, engine: engine)),
        ]
        if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
        return try KernelCall(backwardKernel, arguments, scratch: scratch, engine: engine)
    }
}
