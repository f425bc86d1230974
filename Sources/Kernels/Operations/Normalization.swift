import COneDNN

/// Local response normalization over the channels of one column (§3.3).
public final class Normalization {
    /// Kept from forward for backward; nil where the kernel needs none.
    public let workspace: TensorLayout?
    public let implementations: [String]
    /// The operands, their padding among the channels where the kernels want it so.
    private let view: TensorLayout
    /// The kernels'; where it differs, a reorder stands between.
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
        // The generated kernels take whole blocks of channels only. The padding of a block is zero and adds nothing to a sum of
        // squares, so 12 channels may be normalized as 16. In blocks they know windows of five maps; with channels last, any.
        let wide = layout.includingPadding()
        let ways = [(layout, layout), (wide, wide), (wide, try TensorLayout(channelsLast: wide.shape, wide.type))]
        var (view, used) = ways[0]
        var chosen = try kernels(used)
        for way in ways.dropFirst() where chosen.0.isReference || chosen.1.isReference {
            let candidate = try kernels(way.1)
            if !candidate.0.isReference, !candidate.1.isReference { (chosen, (view, used)) = (candidate, way) }
        }
        (forwardKernel, backwardKernel) = chosen
        workspace = chosen.0.workspaceLayout
        implementations = [chosen.0.implementation, chosen.1.implementation]
        (self.view, self.layout) = (view, used)
        (self.engine, self.scratch) = (engine, scratch)
    }

    public func forward(source: Operand, destination: Operand, workspace: Operand?) throws -> KernelCall {
        var staging = Staging(scratch: scratch, engine: engine)
        var arguments = [
            (DNNL_ARG_SRC, try staging.enter(source.viewed(as: view, engine: engine), as: layout, .source)),
            (DNNL_ARG_DST, try staging.leave(destination.viewed(as: view, engine: engine), as: layout, .destination)),
        ]
        if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
        return try staging.call(forwardKernel, arguments)
    }

    /// The gradient of the source; it may not lie where the destination's gradient does.
    public func backward(
        source: Operand, destinationGradient: Operand, sourceGradient: Operand, workspace: Operand?
    ) throws -> KernelCall {
        var staging = Staging(scratch: scratch, engine: engine)
        var arguments = [
            (DNNL_ARG_SRC, try staging.enter(source.viewed(as: view, engine: engine), as: layout, .source)),
            (DNNL_ARG_DIFF_DST, try staging.enter(destinationGradient.viewed(as: view, engine: engine), as: layout, .destination)),
            (DNNL_ARG_DIFF_SRC, try staging.leave(sourceGradient.viewed(as: view, engine: engine), as: layout, .sum)),
        ]
        if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
        return try staging.call(backwardKernel, arguments)
    }
}
