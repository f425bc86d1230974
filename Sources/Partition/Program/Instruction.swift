/// One thing that a worker does in a step. Instructions run in the order in which the program lists them.
public enum Instruction: Sendable, Equatable {
    /// Wait until the parameter's value for this step is there.
    case pull(ParameterBlock.Key)
    case compute(Computation)
    /// Send a slab to another worker; does not wait for it to leave.
    case send(Slab, to: Int)
    /// Wait until a slab of another worker is there.
    case receive(Slab, from: Int)
    /// Hand the parameter's gradient to the store.
    case push(ParameterBlock.Key)
}

/// A kernel, or a few, of one column.
public struct Computation: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The part of a layer's output that comes from `source`. The first part brings the biases, the last is
        /// followed by the activation.
        case output(source: Int, first: Bool, last: Bool)
        /// The stages that follow a layer, all of them.
        case stages
        /// Softmax over all classes and the mean cross-entropy; its gradient for this column's classes.
        case loss
        /// The layer's stages backward, from the gradient of its result to that of its weights' output.
        case stagesGradient
        /// The gradient for `source`'s output of the layer before.
        case inputGradient(source: Int)
        /// The sum of what all columns computed for this column's result: own first, then by column number.
        case sumGradients
        /// The gradients of the weights that read `source`, and with its own column's those of the biases.
        case parameterGradient(source: Int)
    }

    public let kind: Kind
    public let layer: Int
    public let column: Int
    /// Multiplications and additions for the whole minibatch, matrix products only.
    public let flops: Double

    public init(_ kind: Kind, layer: Int, column: Int, flops: Double = 0) {
        (self.kind, self.layer, self.column, self.flops) = (kind, layer, column, flops)
    }
}
