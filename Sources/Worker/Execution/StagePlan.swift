import Kernels
import NeuralNetwork
import Partition
import Tensors

/// The kernels of what follows one layer's weights in one column.
struct StagePlan {
    typealias Action = (PassContext) throws -> Void

    private(set) var forward: [Action] = []
    /// From the gradient of the result to that of the weights' output.
    private(set) var backward: [Action] = []
    /// Where the gradient of the weights' output is.
    private(set) var outputGradient: Memory?

    /// - Parameter fused: whether the first stage, an activation, is part of the layer's own kernel.
    init(
        layer: Int, column: Int, program: WorkerProgram, recipe: Recipe, memory: ActivationMemory.LayerMemory,
        fused: Bool, scratch: ScratchMemory, engine: Engine
    ) throws {
        var gradient = memory.resultGradient
        let stages = Array(program.network.layers[layer].then.enumerated())
        for (index, stage) in stages {
            let source = index == 0 ? memory.output : memory.stages[index - 1]
            let result = memory.stages[index]
            switch stage {
            case .relu, .tanh:
                guard index > 0 || !fused else { continue }
                let call = try (stage == .relu ? Activation.relu : .tanh).forward(
                    .fixed(result), scratch: scratch, engine: engine)
                forward.append { try call.run($0.turn) }
            case .normalization(let specification):
                let kernel = try Self.normalization(specification, source.layout, scratch, engine)
                if let layout = kernel.workspace { memory.workspaces[index] = try Memory(layout, engine: engine) }
                let call = try kernel.forward(
                    source: .fixed(source), destination: .fixed(result),
                    workspace: memory.workspaces[index].map { .fixed($0) })
                forward.append { try call.run($0.turn) }
            case .maxPooling(let specification):
                let kernel = try MaxPooling(
                    source: source.layout, destination: result.layout, size: specification.size,
                    stride: specification.stride, scratch: scratch, engine: engine)
                memory.workspaces[index] = try Memory(kernel.workspace, engine: engine)
                let call = try kernel.forward(
                    source: .fixed(source), destination: .fixed(result), workspace: .fixed(memory.workspaces[index]!))
                forward.append { try call.run($0.turn) }
            case .dropout(let probability):
                let probability = recipe.dropout ?? probability
                guard probability > 0 else { continue }
                let shape = program.shapes[layer].stages[index]
                let channels = ColumnSplit.range(of: shape[0], column: column, columns: program.layout.columns)
                guard shape.rank == 1 else { throw KernelPlanError.dropoutAfterConvolution(program.network.layers[layer].name) }
                let dropout = try Dropout(
                    seed: recipe.seed, probability: probability, layer: layer, batch: program.batch, units: shape.count,
                    column: channels)
                let batch = program.batch
                forward.append { context in
                    switch context.purpose {
                    case .training: dropout.forward(result, step: context.step, first: context.firstImage, batch: batch)
                    case .evaluation: dropout.scale(result, batch: batch)
                    }
                }
                guard let gradient else { continue }
                // Stages run backward in the order opposite to this; see below.
                backwardByStage[index] = { _ in dropout.backward(gradient, batch: batch) }
            }
        }
        guard gradient != nil else { return }
        for (index, stage) in stages.reversed() {
            let source = index == 0 ? memory.output : memory.stages[index - 1]
            let result = memory.stages[index]
            switch stage {
            case .relu, .tanh:
                let call = try (stage == .relu ? Activation.relu : .tanh).backward(
                    result: .fixed(result), gradient: .fixed(gradient!), scratch: scratch, engine: engine)
                backward.append { try call.run($0.turn) }
            case .dropout:
                if let action = backwardByStage[index] { backward.append(action) }
            case .normalization(let specification):
                let kernel = try Self.normalization(specification, source.layout, scratch, engine)
                let next = try Memory(source.layout, engine: engine)
                let call = try kernel.backward(
                    source: .fixed(source), destinationGradient: .fixed(gradient!), sourceGradient: .fixed(next),
                    workspace: memory.workspaces[index].map { .fixed($0) })
                backward.append { try call.run($0.turn) }
                gradient = next
            case .maxPooling(let specification):
                let kernel = try MaxPooling(
                    source: source.layout, destination: result.layout, size: specification.size,
                    stride: specification.stride, scratch: scratch, engine: engine)
                // A normalization's gradient reads its argument, not its result: the result's memory is free for
                // the gradient that pooling gives.
                let isFree = index > 0 && stages[index - 1].element.isNormalization
                let next = isFree ? source : try Memory(source.layout, engine: engine)
                let call = try kernel.backward(
                    destinationGradient: .fixed(gradient!), sourceGradient: .fixed(next),
                    workspace: .fixed(memory.workspaces[index]!))
                backward.append { try call.run($0.turn) }
                gradient = next
            }
        }
        outputGradient = gradient
    }

    private var backwardByStage: [Int: Action] = [:]

    private static func normalization(
        _ specification: NormalizationSpecification, _ layout: TensorLayout, _ scratch: ScratchMemory, _ engine: Engine
    ) throws -> Normalization {
        try Normalization(
            layout: layout, size: specification.size, k: specification.k, alpha: specification.alpha,
            beta: specification.beta, scratch: scratch, engine: engine)
    }
}

extension LayerStage {
    var isNormalization: Bool { if case .normalization = self { true } else { false } }
}

/// A network that the kernels cannot run.
enum KernelPlanError: Error, CustomStringConvertible {
    case dropoutAfterConvolution(String)
    case noBFloat16(String)

    var description: String {
        switch self {
        case .dropoutAfterConvolution(let layer): "\(layer): dropout follows fully connected layers only"
        case .noBFloat16(let set): "this processor (\(set)) has no kernels for 16-bit floats; train with precision=fp32"
        }
    }
}
