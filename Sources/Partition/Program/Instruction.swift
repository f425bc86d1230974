/// One instruction of a worker's program. Instructions run in the order in which the program lists them.
public enum Instruction: Sendable, Equatable {
    /// Waits for the parameter's value of this step.
    case pull(ParameterBlock.Key)
    case compute(Computation)
    /// Starts to send a slab to another worker.
    case send(Slab, to: Int)
    /// Waits for a slab from another worker.
    case receive(Slab, from: Int)
    /// Passes the parameter's gradient to the store.
    case push(ParameterBlock.Key)
}

/// One or more kernels of one column.
public struct Computation: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The part of a layer's output that is computed from column `source`. The first part adds the biases, and the last is
        /// followed by the activation.
        case output(source: Int, first: Bool, last: Bool)
        /// All stages that follow a layer.
        case stages
        /// Softmax over all classes, the mean cross-entropy, and its gradient for this column's classes.
        case loss
        /// The backward pass of the layer's stages, from the gradient of its result to that of its weights' output.
        case stagesGradient
        /// The gradient of the previous layer's output of column `source`.
        case inputGradient(source: Int)
        /// The sum of the gradients that all columns computed for this column's result: its own first, then by column number.
        case sumGradients
        /// The gradients of the weights that read column `source`, and those of the biases if `source` is this column.
        case parameterGradient(source: Int)
    }

    public let kind: Kind
    public let layer: Int
    public let column: Int
    /// Multiplications and additions of matrix products in a pass.
    public let flops: Double

    public init(_ kind: Kind, layer: Int, column: Int, flops: Double = 0) {
        (self.kind, self.layer, self.column, self.flops) = (kind, layer, column, flops)
    }
}
