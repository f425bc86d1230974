import COneDNN

extension Activation {
    /// Plans to apply the activation in place.
    public func forward(_ values: Operand, scratch: ScratchMemory, engine: Engine) throws -> KernelCall {
        let kernel = try forwardKernel(values.layout, engine)
        return try KernelCall(kernel, [(DNNL_ARG_SRC, values), (DNNL_ARG_DST, values)], scratch: scratch, engine: engine)
    }

    /// Plans to turn the gradient of the result into that of the argument, in place.
    /// - Parameter result: the activation's result in the forward pass.
    public func backward(
        result: Operand, gradient: Operand, scratch: ScratchMemory, engine: Engine
    ) throws -> KernelCall {
        var (data, gradientData) = (result.layout.descriptor, gradient.layout.descriptor)
        var operation = dnnl_eltwise_desc_t()
        try check(
            dnnl_eltwise_backward_desc_init(&operation, backwardAlgorithm, &gradientData, &data, 0, 0),
            "describe an activation's gradient")
        let kernel = try PrimitiveDescriptor(
            operation, hint: forwardKernel(result.layout, engine, backwardAlgorithm), engine: engine,
            for: "an activation's gradient")
        return try KernelCall(
            kernel, [(DNNL_ARG_DST, result), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, gradient)],
            scratch: scratch, engine: engine)
    }

    private func forwardKernel(
        _ layout: TensorLayout, _ engine: Engine, _ algorithm: dnnl_alg_kind_t? = nil
    ) throws -> PrimitiveDescriptor {
        var data = layout.descriptor
        var operation = dnnl_eltwise_desc_t()
        try check(
            dnnl_eltwise_forward_desc_init(
                &operation, dnnl_forward_training, algorithm ?? forwardAlgorithm, &data, 0, 0), "describe an activation")
        return try PrimitiveDescriptor(operation, engine: engine, for: "an activation")
    }
}

/// The sum of tensors, added in the order given.
public enum Sum {
    public static func call(
        _ sources: [Operand], to destination: Operand, scratch: ScratchMemory, engine: Engine
    ) throws -> KernelCall {
        var descriptors = sources.map(\.layout.descriptor)
        var result = destination.layout.descriptor
        let scales = [Float](repeating: 1, count: sources.count)
        var handle: dnnl_primitive_desc_t?
        let attributes = Attributes()
        try check(
            dnnl_sum_primitive_desc_create(
                &handle, &result, Int32(sources.count), scales, &descriptors, attributes.handle, engine.engine),
            "find a kernel for a sum")
        let arguments = sources.enumerated().map { (DNNL_ARG_MULTIPLE_SRC + Int32($0), $1) }
        return try KernelCall(
            PrimitiveDescriptor(owning: handle!), arguments + [(DNNL_ARG_DST, destination)], scratch: scratch,
            engine: engine)
    }
}
