import COneDNN
import Tensors

/// Plans a fully connected part: one column's outputs of one column's inputs.
public enum InnerProduct {
    /// - Parameters:
    ///   - source: N×C, or N×C×H×W in any layout: pixels are inputs as they lie.
    ///   - outputs: of the reading column.
    public static func plan(
        source: TensorLayout, outputs: Int, biases: Bool, accumulates: Bool, activation: Activation?,
        scratch: ScratchMemory, engine: Engine
    ) throws -> any WeightedOperation {
        let shape = source.shape
        let destination = try TensorLayout(plain: Shape(shape[0], outputs))
        let biasLayout = biases ? try TensorLayout(plain: Shape(outputs)) : nil
        var weights = try TensorLayout(any: Shape([outputs] + shape.extents.dropFirst())).descriptor
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

        try check(
            dnnl_inner_product_backward_weights_desc_init(&operation, &from, &weights, &bias, &to), "describe \(name)")
        let weightGradient = try PrimitiveDescriptor(
            operation, hint: output, engine: engine, for: "the weight gradient of \(name)")
        try check(dnnl_inner_product_backward_data_desc_init(&operation, &from, &weights, &to), "describe \(name)")
        let inputGradient = try PrimitiveDescriptor(
            operation, hint: output, engine: engine, for: "the input gradient of \(name)")
        return try PrimitiveOperation(
            source: source, destination: destination, output: output, inputGradient: inputGradient,
            weightGradient: weightGradient, biases: biasLayout, scratch: scratch, engine: engine)
    }
}
