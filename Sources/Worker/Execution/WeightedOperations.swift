import Kernels
import NeuralNetwork
import Partition
import Tensors

/// A layer of a hosted column.
struct ColumnLayer: Hashable {
    let layer: Int
    let column: Int

    init(_ layer: Int, _ column: Int) { (self.layer, self.column) = (layer, column) }
}

/// The convolutions and matrix products of a worker's columns, one for each column that a layer reads.
struct WeightedOperations {
    private struct Part: Hashable {
        let layer: Int
        let column: Int
        let source: Int
    }

    private var operations: [Part: any WeightedOperation] = [:]

    init(
        _ program: WorkerProgram, _ recipe: Recipe, memory: ActivationMemory, fuses: Bool, scratch: ScratchMemory, engine: Engine
    ) throws {
        for case .compute(let computation) in program.forward {
            guard case .output(let source, let first, let last) = computation.kind else { continue }
            let (layer, column) = (computation.layer, computation.column)
            let specification = program.network.layers[layer]
            let input = memory.input(of: layer, column: column, source: source).layout
            let output = (memory[layer, column].accumulator ?? memory[layer, column].output).layout
            let activation = last && fuses ? specification.activation : nil
            let operation: any WeightedOperation
            switch specification.operation {
            case .convolution(let convolution):
                operation = try Convolution.plan(
                    source: input, kernels: Shape(output.shape[1], input.shape[1], convolution.size, convolution.size), destination: output,
                    stride: convolution.stride, padding: convolution.padding, biases: first, accumulates: !first, activation: activation,
                    hasInputGradient: layer > 0, winograd: recipe.winograd, scratch: scratch, engine: engine)
            case .locallyConnected(let local):
                operation = try LocalConnection(
                    source: input, destination: output, size: local.size, stride: local.stride, padding: local.padding, biases: first,
                    accumulates: !first, activation: activation, scratch: scratch, engine: engine)
            case .innerProduct:
                operation = try InnerProduct.plan(
                    source: input, destination: output, biases: first, accumulates: !first, activation: activation, scratch: scratch,
                    engine: engine)
            }
            operations[Part(layer: layer, column: column, source: source)] = operation
        }
    }

    subscript(layer: Int, column: Int, source: Int) -> any WeightedOperation {
        operations[Part(layer: layer, column: column, source: source)]!
    }

    /// How the kernels want their parameters.
    func layouts(_ exchange: Exchange) -> [ParameterBlock.Key: ParameterLayout] {
        var layouts: [ParameterBlock.Key: ParameterLayout] = [:]
        for (part, operation) in operations {
            layouts[.init(layer: part.layer, kind: .weight, column: part.column, source: part.source)] = ParameterLayout(
                values: operation.weights, gradient: operation.gradient, pushed: operation.gradient.of(exchange.elements(of: .weight)))
            guard let biases = operation.biases else { continue }
            layouts[.init(layer: part.layer, kind: .bias, column: part.column, source: part.column)] = ParameterLayout(
                values: biases, gradient: biases, pushed: biases)
        }
        return layouts
    }
}

extension LayerSpecification {
    /// An activation right after the weights, which is part of their kernel.
    var activation: Activation? {
        switch then.first {
        case .relu?: .relu
        case .tanh?: .tanh
        default: nil
        }
    }
}
