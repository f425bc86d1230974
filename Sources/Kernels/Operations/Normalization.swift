import COneDNN

/// Local response normalization over the channels of one column (§3.3).
public final class Normalization {
    /// Layout of the data that the forward pass saves for the backward pass; nil if the kernel needs none.
    public let workspace: TensorLayout?
    public let implementations: [String]
    /// Layout in which the operands are read; it counts padding as channels if the kernels require that.
    private let view: TensorLayout
    /// Layout that the kernels need; if it differs from `view`, a reorder converts it.
    private let layout: TensorLayout
    private let forwardKernel: PrimitiveDescriptor
    private let backwardKernel: PrimitiveDescriptor
    private let engine: Engine
    private let scratch: ScratchMemory

    /// - Parameters:
    ///   - layout: N×C×H×W.
    ///   - size: adjacent channels in a window.
    ///   - alpha: multiplies the plain sum of squares, as in the paper.
    public init(
        layout: TensorLayout, size: Int, k: Float, alpha: Float, beta: Float, scratch: ScratchMemory, engine: Engine
    ) throws {
        func kernels(_ layout: TensorLayout) throws -> (PrimitiveDescriptor, PrimitiveDescriptor) {
            var data = layout.descriptor
            var operation = dnnl_lrn_desc_t()
            // oneDNN divides α by the window's size; the paper does not.
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
        // Generated kernels need whole blocks of channels. A block's padding is zero and adds nothing to a sum of squares, so 12
        // channels can be normalized as 16. Blocked kernels support windows of five channels only; channels-last kernels any window.
        let wide = layout.includingPadding()
        let layouts = [(layout, layout), (wide, wide), (wide, try TensorLayout(channelsLast: wide.shape, wide.type))]
        var (view, used) = layouts[0]
        var chosen = try kernels(used)
        for pair in layouts.dropFirst() where chosen.0.isReference || chosen.1.isReference {
            let candidate = try kernels(pair.1)
            if !candidate.0.isReference, !candidate.1.isReference { (chosen, (view, used)) = (candidate, pair) }
        }
        (forwardKernel, backwardKernel) = chosen
        workspace = chosen.0.workspaceLayout
        implementations = [chosen.0.implementation, chosen.1.implementation]
        (self.view, self.layout) = (view, used)
        (self.engine, self.scratch) = (engine, scratch)
    }

    /// Plans the forward pass, b = a / (k + α Σ a²)^β.
    public func forward(source: Operand, destination: Operand, workspace: Operand?) throws -> KernelCall {
        var staging = Staging(scratch: scratch, engine: engine)
        var arguments = [
            (DNNL_ARG_SRC, try staging.input(source.viewed(as: view, engine: engine), as: layout, .source)),
            (DNNL_ARG_DST, try staging.output(destination.viewed(as: view, engine: engine), as: layout, .destination)),
        ]
        if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
        return try staging.call(forwardKernel, arguments)
    }

    /// Plans the gradient of the source, whose memory must not be that of the destination's gradient.
    public func backward(
        source: Operand, destinationGradient: Operand, sourceGradient: Operand, workspace: Operand?
    ) throws -> KernelCall {
        var staging = Staging(scratch: scratch, engine: engine)
        var arguments = [
            (DNNL_ARG_SRC, try staging.input(source.viewed(as: view, engine: engine), as: layout, .source)),
            (DNNL_ARG_DIFF_DST, try staging.input(destinationGradient.viewed(as: view, engine: engine), as: layout, .destination)),
            (DNNL_ARG_DIFF_SRC, try staging.output(sourceGradient.viewed(as: view, engine: engine), as: layout, .sum)),
        ]
        if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
        return try staging.call(backwardKernel, arguments)
    }
}
