import Kernels
import NeuralNetwork
import Partition
import Tensors

/// Memory for one pass over one worker's columns: outputs, what stages keep for their gradients, gradients, and the
/// slabs of other workers.
final class ActivationMemory {
    /// What one layer of one hosted column keeps.
    final class LayerMemory {
        /// After the weights and a fused activation.
        var output: Memory
        /// The output of odd passes, where it may still be queued for another worker when the next pass writes its own; nil where both parities
        /// share one. Such a layer has no stages.
        var oddOutput: Memory?
        /// Where the parts of several columns are summed in 32 bits, where the output has fewer.
        var accumulator: Memory?
        /// After each stage; a stage that works in place repeats what was before it.
        var stages: [Memory] = []
        /// Of the layer's result.
        var resultGradient: Memory?

        /// The result, of even passes where the two differ.
        var result: Memory { stages.last ?? output }
        var outputs: Operand { oddOutput.map { .byPass(output, $0) } ?? .fixed(output) }

        func result(ofPass pass: Int) -> Memory { pass & 1 == 0 ? result : oddOutput ?? result }

        init(output: Memory) { self.output = output }
    }

    let images: [Memory]
    private(set) var layers: [Int: [Int: LayerMemory]] = [:]
    /// Slabs of other workers: two buffers each, by pass.
    private(set) var received: [Slab: [Memory]] = [:]
    /// Gradients that a hosted column computes for another column's result.
    private(set) var partial: [Slab: Memory] = [:]
    /// Whether a slab has fewer bits on its way than where it is computed.
    let isRounded: (Slab) -> Bool
    /// What is rounded on its way: slabs as they are sent,
    private(set) var narrowed: [Slab: Memory] = [:]
    /// and as they are read: of other workers, and of a hosted column by another.
    private(set) var widened: [Slab: Memory] = [:]

    /// - Parameters:
    ///   - type: of activations and their gradients; the logits have 32 bits.
    ///   - exchanged: of those that columns exchange.
    ///   - trains: false leaves out all gradients.
    init(
        program: WorkerProgram, type: ElementType, exchanged: ElementType, images: [TensorBuffer], trains: Bool, engine: Engine
    ) throws {
        isRounded = { program.elements(of: $0, exchanged) != program.elements(of: $0, type) }
        let input = program.network.input
        let imageLayout = try TensorLayout(plain: Shape(program.batch, input.channels, input.height, input.width), type)
        self.images = try images.map { try Memory(imageLayout, $0, engine: engine) }
        for layer in program.network.layers.indices {
            for column in program.columns {
                let isLast = layer == program.network.layers.count - 1
                let shape = program.columnShape(program.shapes[layer].output, column: column)
                let output = try TensorLayout(activations: shape, isLast ? .float32 : type)
                let memory = LayerMemory(output: try Memory(output, engine: engine))
                let slab = Slab(layer: layer, direction: .forward, from: column, to: column)
                // A worker that hosts all columns sends nothing.
                if program.sendBuffers(of: slab) == 2, program.columns.count < program.layout.columns {
                    memory.oddOutput = try Memory(output, engine: engine)
                }
                if output.type != .float32, program.sumsParts(layer: layer) {
                    memory.accumulator = try Memory(TensorLayout(activations: shape), engine: engine)
                }
                var current = memory.output
                for (index, stage) in program.network.layers[layer].then.enumerated() {
                    switch stage {
                    case .relu, .tanh, .dropout: break
                    case .normalization, .maxPooling:
                        let shape = program.columnShape(program.shapes[layer].stages[index], column: column)
                        current = try Memory(TensorLayout(activations: shape, type), engine: engine)
                    }
                    memory.stages.append(current)
                }
                if trains {
                    memory.resultGradient = try Memory(
                        TensorLayout(activations: memory.result.layout.shape, type), engine: engine)
                }
                layers[layer, default: [:]][column] = memory
            }
        }
        func memory(_ slab: Slab, _ type: ElementType) throws -> Memory {
            try Memory(TensorLayout(activations: program.shape(of: slab), type), engine: engine)
        }
        for instruction in trains ? program.instructions : program.forward {
            switch instruction {
            case .receive(let slab, _):
                let layout = try TensorLayout(activations: program.shape(of: slab), program.elements(of: slab, exchanged))
                received[slab] = [try Memory(layout, engine: engine), try Memory(layout, engine: engine)]
                if isRounded(slab) { widened[slab] = try memory(slab, type) }
            case .send(let slab, _):
                if isRounded(slab), narrowed[slab] == nil { narrowed[slab] = try memory(slab, exchanged) }
            case .compute(let computation):
                switch computation.kind {
                case .inputGradient(let source) where source != computation.column:
                    let slab = Slab(layer: computation.layer - 1, direction: .backward, from: computation.column, to: source)
                    partial[slab] = try memory(slab, type)
                case .output(let source, _, _) where source != computation.column && program.columns.contains(source):
                    let slab = Slab(layer: computation.layer - 1, direction: .forward, from: source, to: source)
                    if isRounded(slab), widened[slab] == nil { widened[slab] = try memory(slab, type) }
                default: continue
                }
            default: continue
            }
        }
    }

    subscript(layer: Int, column: Int) -> LayerMemory { layers[layer]![column]! }

    /// What a column reads as a layer's input from `source`.
    func input(of layer: Int, column: Int, source: Int) -> Operand {
        guard layer > 0 else { return .byBatch(images[0], images[1]) }
        let slab = Slab(layer: layer - 1, direction: .forward, from: source, to: source)
        if source != column, let rounded = widened[slab] { return .fixed(rounded) }
        return result(layer: layer - 1, column: source)
    }

    /// A layer's result, hosted or received.
    func result(layer: Int, column: Int) -> Operand {
        if let hosted = layers[layer]?[column] { return hosted.oddOutput == nil ? .fixed(hosted.result) : hosted.outputs }
        let slab = received[Slab(layer: layer, direction: .forward, from: column, to: column)]!
        return .byPass(slab[0], slab[1])
    }

    /// The gradient that `from` computed for the result of `to`: hosted or received.
    func gradient(layer: Int, from: Int, to: Int) -> Operand {
        if from == to { return .fixed(self[layer, to].resultGradient!) }
        let slab = Slab(layer: layer, direction: .backward, from: from, to: to)
        if let hosted = partial[slab] ?? widened[slab] { return .fixed(hosted) }
        let memories = received[slab]!
        return .byPass(memories[0], memories[1])
    }
}
