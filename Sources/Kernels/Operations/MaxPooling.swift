import COneDNN
import Tensors

/// Overlapping max pooling (§3.4), without padding.
public final class MaxPooling {
    /// Layout of the maxima's positions, which the forward pass saves for the backward pass.
    public let workspace: TensorLayout
    public let implementations: [String]
    private let forwardKernel: PrimitiveDescriptor
    private let backwardKernel: PrimitiveDescriptor
    private let engine: Engine
    private let scratch: ScratchMemory

    /// - Parameters:
    ///   - source: layout of the input, N×C×H×W.
    ///   - destination: layout of the output, N×C×H×W.
    public init(
        source: TensorLayout, destination: TensorLayout, size: Int, stride: Int, scratch: ScratchMemory, engine: Engine
    ) throws {
        let window = [Int64](repeating: Int64(size), count: 2)
        let strides = [Int64](repeating: Int64(stride), count: 2)
        let none: [Int64] = [0, 0]
        var (from, to) = (source.descriptor, destination.descriptor)
        // The output's extents leave out rows that no window reaches; oneDNN requires a matching, negative padding at the far side.
        let far = (0..<2).map { axis in
            Int64(min(0, (destination.shape[axis + 2] - 1) * stride + size - source.shape[axis + 2]))
        }
        var operation = dnnl_pooling_desc_t()
        try check(
            dnnl_pooling_forward_desc_init(
                &operation, dnnl_forward_training, dnnl_pooling_max, &from, &to, strides, window, none, far),
            "describe a pooling")
        forwardKernel = try PrimitiveDescriptor(operation, engine: engine, for: "a pooling")
        try check(
            dnnl_pooling_backward_desc_init(
                &operation, dnnl_pooling_max, &from, &to, strides, window, none, far), "describe a pooling's gradient")
        backwardKernel = try PrimitiveDescriptor(operation, hint: forwardKernel, engine: engine, for: "a pooling")
        guard let workspace = forwardKernel.workspaceLayout else { throw KernelError("oneDNN's pooling kernel has no workspace") }
        self.workspace = workspace
        implementations = [forwardKernel.implementation, backwardKernel.implementation]
        (self.engine, self.scratch) = (engine, scratch)
    }

    public func forward(source: Operand, destination: Operand, workspace: Operand) throws -> KernelCall {
        try KernelCall(
            forwardKernel, [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, destination), (DNNL_ARG_WORKSPACE, workspace)],
            scratch: scratch, engine: engine)
    }

    public func backward(destinationGradient: Operand, sourceGradient: Operand, workspace: Operand) throws -> KernelCall {
        try KernelCall(
            backwardKernel,
            [
                (DNNL_ARG_DIFF_DST, destinationGradient), (DNNL_ARG_DIFF_SRC, sourceGradient),
                (DNNL_ARG_WORKSPACE, workspace),
            ], scratch: scratch, engine: engine)
    }
}
