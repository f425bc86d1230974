import COneDNN
import Tensors

/// Plans a part of a fully connected layer: one column's outputs from one column's inputs.
public enum InnerProduct {
    /// - Parameters:
    ///   - source: N×C, or N×C×H×W in any layout. Weights have its element type; their gradient and the biases are 32-bit floats.
    ///   - destination: N×O, with the outputs of the column that reads `source`.
    ///   - biases: whether this part of the layer adds the biases.
    ///   - accumulates: whether the result is added to the destination's content.
    ///   - activation: applied last.
    public static func plan(
        source: TensorLayout, destination: TensorLayout, biases: Bool, accumulates: Bool, activation: Activation?,
        scratch: ScratchMemory, engine: Engine
    ) throws -> any WeightedOperation {
        let shape = source.shape
        let outputs = destination.shape[1]
        let weightShape = Shape([outputs] + shape.extents.dropFirst())
        let biasLayout = biases ? try TensorLayout(plain: Shape(outputs)) : nil
        var weights = try TensorLayout(any: weightShape, source.type).descriptor
        var (from, to) = (source.descriptor, destination.descriptor)
        var bias = biasLayout?.descriptor ?? dnnl_memory_desc_t()
        let name = "an inner product of \(shape) with \(outputs) outputs"

        var operation = dnnl_inner_product_desc_t()
        try check(
            dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_training, &from, &weights, &bias, &to),
            "describe \(name)")
        let output = try PrimitiveDescriptor(
            operation, attributes: Attributes(accumulates: accumulates, activation: activation), engine: engine,
            for: name)
        weights = output.weightsLayout.descriptor
        // Gradients of activations have the activations' type, even if this layer's result has 32 bits.
        var gradientLayout = destination.of(source.type).descriptor
        // The weight gradient is a sum over the minibatch and has 32 bits. Weights of 32 bits share its layout.
        var sum = source.type == .float32 ? weights : try TensorLayout(any: weightShape, .float32).descriptor

        try check(
            dnnl_inner_product_backward_weights_desc_init(&operation, &from, &sum, &bias, &gradientLayout), "describe \(name)")
        let weightGradient = try PrimitiveDescriptor(
            operation, hint: output, engine: engine, for: "the weight gradient of \(name)")
        if source.type == .bfloat16 { weights = try TensorLayout(any: weightShape, source.type).descriptor }
        try check(
            dnnl_inner_product_backward_data_desc_init(&operation, &from, &weights, &gradientLayout), "describe \(name)")
        let inputGradient = try PrimitiveDescriptor(
            operation, hint: output, engine: engine, for: "the input gradient of \(name)")
        return try PrimitiveOperation(
            source: source, destination: destination, output: output, inputGradient: inputGradient,
            weightGradient: weightGradient, biases: biasLayout, scratch: scratch, engine: engine)
    }
}
