import Tensors

/// An operation whose result is computed in scratch memory and then added to the destination.
final class AddedOperation: WeightedOperation {
    private let operation: any WeightedOperation
    private let activation: Activation?
    private let scratch: ScratchMemory
    private let engine: Engine

    /// - Parameters:
    ///   - operation: must not accumulate or apply an activation.
    ///   - activation: applied to the sum.
    init(_ operation: any WeightedOperation, activation: Activation?, scratch: ScratchMemory, engine: Engine) {
        (self.operation, self.activation, self.scratch, self.engine) = (operation, activation, scratch, engine)
    }

    var weights: TensorLayout { operation.weights }
    var gradient: TensorLayout { operation.gradient }
    var biases: TensorLayout? { operation.biases }
    var implementations: [String] { operation.implementations }

    func output(source: Operand, weights: Operand, biases: Operand?, destination: Operand) throws -> any PlannedCall {
        let part = Operand.fixed(try scratch.memory(destination.layout, in: .sum))
        var calls: [any PlannedCall] = [
            try operation.output(source: source, weights: weights, biases: biases, destination: part),
            try Sum.call([destination, part], to: destination, scratch: scratch, engine: engine),
        ]
        if let activation { calls.append(try activation.forward(destination, scratch: scratch, engine: engine)) }
        return CallSequence(calls)
    }

    func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> any PlannedCall {
        try operation.inputGradient(destination: destination, weights: weights, source: source)
    }

    func parameterGradient(source: Operand, destination: Operand, weights: Operand, biases: Operand?) throws -> any PlannedCall {
        try operation.parameterGradient(source: source, destination: destination, weights: weights, biases: biases)
    }
}

/// Calls that run one after another.
private final class CallSequence: PlannedCall {
    private let calls: [any PlannedCall]
    init(_ calls: [any PlannedCall]) { self.calls = calls }
    func run(_ parity: BufferParity) throws { for call in calls { try call.run(parity) } }
}
