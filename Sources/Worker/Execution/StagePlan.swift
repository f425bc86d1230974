import Kernels
import NeuralNetwork
import Partition
import Tensors

/// The kernels of what follows one layer's weights in one column: activation, normalization, pooling, dropout.
struct StagePlan {
    typealias Action = KernelBackend.Action

    /// From the weights' output to the layer's result.
    private(set) var forward: [Action] = []
    /// From the gradient of the result to the gradient of the weights' output.
    private(set) var backward: [Action] = []
    /// The gradient of the weights' output; nil where nothing is trained.
    private(set) var outputGradient: Memory?

    /// One stage: its forward kernel, and how its backward kernel is planned once the gradient of its result has a place. The latter returns
    /// where the gradient of the stage's input is.
    private struct Stage {
        var forward: Action?
        let backward: (_ gradient: Memory) throws -> (Action?, Memory)
    }

    /// - Parameter fused: Whether the first stage, an activation, is part of the layer's own kernel.
    init(
        layer: Int, column: Int, program: WorkerProgram, recipe: Recipe, memory: ActivationMemory.LayerMemory,
        fused: Bool, scratch: ScratchMemory, engine: Engine
    ) throws {
        let specifications = program.network.layers[layer].then
        let context = Context(layer: layer, column: column, program: program, recipe: recipe, scratch: scratch, engine: engine)
        let stages = try specifications.enumerated().map { index, stage in
            let (source, result) = (index == 0 ? memory.output : memory.stages[index - 1], memory.stages[index])
            switch stage {
            case .relu, .tanh: return try context.activation(stage == .relu ? .relu : .tanh, result, isFused: index == 0 && fused)
            case .normalization(let specification): return try context.normalization(specification, source, result)
            case .maxPooling(let specification):
                // A normalization's gradient reads its argument, not its result: the result's memory is free for the gradient that pooling
                // gives.
                let isFree = index > 0 && specifications[index - 1].isNormalization
                return try context.pooling(specification, source, result, reusesSource: isFree)
            case .dropout(let probability): return try context.dropout(recipe.dropout ?? probability, result, stage: index)
            }
        }
        forward = stages.compactMap(\.forward)
        guard var gradient = memory.resultGradient else { return }
        for stage in stages.reversed() {
            let (action, next) = try stage.backward(gradient)
            if let action { backward.append(action) }
            gradient = next
        }
        outputGradient = gradient
    }

    /// What all stages of a layer are planned with.
    private struct Context {
        let layer: Int
        let column: Int
        let program: WorkerProgram
        let recipe: Recipe
        let scratch: ScratchMemory
        let engine: Engine

        func activation(_ activation: Activation, _ result: Memory, isFused: Bool) throws -> Stage {
            var forward: Action?
            if !isFused {
                let call = try activation.forward(.fixed(result), scratch: scratch, engine: engine)
                forward = { try call.run($0.parity) }
            }
            return Stage(forward: forward) { gradient in
                let call = try activation.backward(result: .fixed(result), gradient: .fixed(gradient), scratch: scratch, engine: engine)
                return ({ try call.run($0.parity) }, gradient)
            }
        }

        func normalization(_ specification: NormalizationSpecification, _ source: Memory, _ result: Memory) throws -> Stage {
            let kernel = try Normalization(
                layout: source.layout, size: specification.size, k: specification.k, alpha: specification.alpha, beta: specification.beta,
                scratch: scratch, engine: engine)
            let workspace = try kernel.workspace.map { try Memory($0, engine: engine) }
            let call = try kernel.forward(source: .fixed(source), destination: .fixed(result), workspace: workspace.map { .fixed($0) })
            return Stage(forward: { try call.run($0.parity) }) { gradient in
                let next = try Memory(source.layout, engine: engine)
                let call = try kernel.backward(
                    source: .fixed(source), destinationGradient: .fixed(gradient), sourceGradient: .fixed(next),
                    workspace: workspace.map { .fixed($0) })
                return ({ try call.run($0.parity) }, next)
            }
        }

        func pooling(_ specification: PoolingSpecification, _ source: Memory, _ result: Memory, reusesSource: Bool) throws -> Stage {
            let kernel = try MaxPooling(
                source: source.layout, destination: result.layout, size: specification.size, stride: specification.stride, scratch: scratch,
                engine: engine)
            let workspace = try Memory(kernel.workspace, engine: engine)
            let call = try kernel.forward(source: .fixed(source), destination: .fixed(result), workspace: .fixed(workspace))
            return Stage(forward: { try call.run($0.parity) }) { gradient in
                let next = reusesSource ? source : try Memory(source.layout, engine: engine)
                let call = try kernel.backward(
                    destinationGradient: .fixed(gradient), sourceGradient: .fixed(next), workspace: .fixed(workspace))
                return ({ try call.run($0.parity) }, next)
            }
        }

        func dropout(_ probability: Float, _ result: Memory, stage: Int) throws -> Stage {
            guard probability > 0 else { return Stage { (nil, $0) } }
            let shape = program.shapes[layer].stages[stage]
            guard shape.rank == 1 else { throw KernelPlanError.dropoutAfterConvolution(program.network.layers[layer].name) }
            let batch = program.batch
            let dropout = try Dropout(
                seed: recipe.seed, probability: probability, layer: layer, batch: batch, units: shape.count,
                column: ColumnSplit.range(of: shape[0], column: column, columns: program.layout.columns))
            return Stage(forward: { context in
                switch context.purpose {
                case .training: dropout.forward(result, step: context.step, first: context.firstImage, batch: batch)
                case .evaluation: dropout.scale(result, batch: batch)
                }
            }) { gradient in ({ _ in dropout.backward(gradient, batch: batch) }, gradient) }
        }
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
