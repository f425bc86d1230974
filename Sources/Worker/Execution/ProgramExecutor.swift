import Kernels
import NeuralNetwork
import Partition
import Tensors
import Threading

/// Runs a worker's program. Memory and kernels are planned once; a step only runs them.
final class ProgramExecutor {
    typealias Action = (PassContext) throws -> Void

    let program: WorkerProgram
    let memory: ActivationMemory
    /// How kernels want the parameters; known before any memory for them exists.
    let parameterLayouts: [ParameterBlock.Key: ParameterLayout]
    /// The implementations that were chosen, by computation.
    private(set) var implementations: [String] = []
    /// Loss and errors of the last forward pass.
    private(set) var outcome = SoftmaxCrossEntropy.Outcome()

    /// Records what a pass spends its time on, while it is set. Places count instructions, forward then backward.
    var stopwatch: Stopwatch?

    private let recipe: Recipe
    private let trains: Bool
    private let engine: Engine
    private let scratch: ScratchMemory
    private let operations: [Place: any WeightedOperation]
    /// Whether activations are part of the kernels before them.
    private let fuses: Bool
    private var forward: [Step] = []
    private var backward: [Step] = []
    private(set) var loss: SoftmaxCrossEntropy?
    /// Owns this object, or outlives it.
    private weak var environment: (any ExecutionEnvironment)?

    /// An instruction with what it was planned to.
    private struct Step {
        let instruction: Instruction
        let actions: [Action]
    }

    private struct Place: Hashable {
        let layer: Int
        let column: Int
        let source: Int
    }

    /// - Parameters:
    ///   - images: the loader's two buffers.
    ///   - trains: false leaves out the backward pass and its memory.
    ///   - fuses: false runs activations as kernels of their own, for comparison.
    init(
        program: WorkerProgram, recipe: Recipe, images: [TensorBuffer], trains: Bool, fuses: Bool = true, engine: Engine
    ) throws {
        (self.program, self.recipe, self.trains, self.engine) = (program, recipe, trains, engine)
        self.fuses = fuses
        guard recipe.precision == .fp32 || Engine.computesInBFloat16 else {
            throw KernelPlanError.noBFloat16(Engine.instructionSet)
        }
        scratch = ScratchMemory(engine: engine)
        memory = try ActivationMemory(program: program, type: recipe.precision.elements, exchanged: recipe.exchangedElements, images: images, trains: trains,
            engine: engine)
        var operations: [Place: any WeightedOperation] = [:]
        var layouts: [ParameterBlock.Key: ParameterLayout] = [:]
        for case .compute(let computation) in program.forward {
            guard case .output(let source, let first, let last) = computation.kind else { continue }
            let (layer, column) = (computation.layer, computation.column)
            let operation = try Self.plan(
                program, layer, column, source: source, first: first, last: last && fuses, recipe: recipe,
                memory: memory, scratch: scratch, engine: engine)
            operations[Place(layer: layer, column: column, source: source)] = operation
            layouts[.init(layer: layer, kind: .weight, column: column, source: source)] = ParameterLayout(
                values: operation.weights, gradient: operation.gradient, pushed: operation.gradient.of(recipe.exchange.elements(of: .weight)))
            if let biases = operation.biases {
                layouts[.init(layer: layer, kind: .bias, column: column, source: column)] = ParameterLayout(
                    values: biases, gradient: biases, pushed: biases)
            }
        }
        (self.operations, parameterLayouts) = (operations, layouts)
    }

    private static func plan(
        _ program: WorkerProgram, _ layer: Int, _ column: Int, source: Int, first: Bool, last: Bool,
        recipe: Recipe, memory: ActivationMemory, scratch: ScratchMemory, engine: Engine
    ) throws -> any WeightedOperation {
        let specification = program.network.layers[layer]
        let input = memory.input(of: layer, column: column, source: source).layout
        let output = (memory[layer, column].accumulator ?? memory[layer, column].output).layout
        let activation = last ? specification.activation : nil
        switch specification.operation {
        case .convolution(let convolution):
            let kernels = Shape(output.shape[1], input.shape[1], convolution.size, convolution.size)
            return try Convolution.plan(
                source: input, kernels: kernels, destination: output, stride: convolution.stride,
                padding: convolution.padding, biases: first, accumulates: !first, activation: activation,
                hasInputGradient: layer > 0, winograd: recipe.winograd, scratch: scratch, engine: engine)
        case .locallyConnected(let local):
            return try LocalConnection(
                source: input, destination: output, size: local.size, stride: local.stride, padding: local.padding,
                biases: first, accumulates: !first, activation: activation, scratch: scratch, engine: engine)
        case .innerProduct:
            return try InnerProduct.plan(
                source: input, destination: output, biases: first, accumulates: !first, activation: activation,
                scratch: scratch, engine: engine)
        }
    }

    /// Plans every kernel call on the parameters' memory and the environment's exchanges.
    /// - Parameter slices: what becomes of the gradients of a step's passes.
    func bind(
        _ parameters: [ParameterBlock.Key: ParameterMemory], slices: [GradientTree.SlicePlan] = [.whole],
        environment: any ExecutionEnvironment
    ) throws {
        var stages: [Place: StagePlan] = [:]
        for layer in program.network.layers.indices {
            for column in program.columns {
                stages[Place(layer: layer, column: column, source: column)] = try StagePlan(
                    layer: layer, column: column, program: program, recipe: recipe, memory: memory[layer, column],
                    fused: fuses && program.network.layers[layer].activation != nil, scratch: scratch, engine: engine)
            }
        }
        let last = program.network.layers.count - 1
        let loss = try SoftmaxCrossEntropy(
            batch: program.batch, of: program.batch * recipe.slices,
            slabs: (0..<program.layout.columns).map { memory.result(layer: last, column: $0) },
            gradients: trains ? program.columns.map { ($0, memory[last, $0].resultGradient!) } : [],
            scratch: scratch, engine: engine)
        (self.loss, self.environment) = (loss, environment)
        let builder = Builder(
            executor: self, parameters: parameters, additions: Set(slices.flatMap(\.additions)), stages: stages, loss: loss,
            environment: environment, rounding: SlabRounding(program: program, memory: memory))
        func steps(_ instructions: [Instruction]) throws -> [Step] {
            try instructions.map { Step(instruction: $0, actions: try builder.actions($0)) }
        }
        forward = try steps(program.forward)
        if trains { backward = try steps(program.backward) }
    }

    /// Runs a forward pass and, in training, the backward pass.
    func run(_ context: PassContext) throws {
        outcome = .init()
        try run(forward, from: 0, context)
        guard context.purpose == .training else { return }
        try run(backward, from: forward.count, context)
    }

    private func run(_ steps: [Step], from first: Int, _ context: PassContext) throws {
        let environment = environment
        var start = MonotonicClock.now
        for (index, step) in steps.enumerated() {
            try environment?.begin(place: first + index, at: start, context: context)
            for action in step.actions { try action(context) }
            let end = MonotonicClock.now
            stopwatch?.add(first + index, from: start, to: end)
            start = end
        }
    }

    /// The instruction of a recorded span.
    func instruction(at place: Int) -> Instruction? {
        let steps = place < forward.count ? forward : backward
        let index = place < forward.count ? place : place - forward.count
        return steps.indices.contains(index) ? steps[index].instruction : nil
    }

    /// Runs a pass and measures each computation, in seconds.
    func profile(_ context: PassContext) throws -> [(computation: Computation, seconds: Double)] {
        var times: [(computation: Computation, seconds: Double)] = []
        for step in forward + (context.purpose == .training ? backward : []) {
            let start = MonotonicClock.now
            for action in step.actions { try action(context) }
            if case .compute(let computation) = step.instruction {
                times.append((computation, MonotonicClock.now - start))
            }
        }
        return times
    }

    /// Turns instructions into actions.
    private struct Builder {
        let executor: ProgramExecutor
        let parameters: [ParameterBlock.Key: ParameterMemory]
        /// Between buffers for gradients.
        let additions: Set<GradientTree.Addition>
        let stages: [Place: StagePlan]
        let loss: SoftmaxCrossEntropy
        let environment: any ExecutionEnvironment
        let rounding: SlabRounding

        func actions(_ instruction: Instruction) throws -> [Action] {
            // It owns the actions, or outlives them.
            unowned let environment = environment
            switch instruction {
            case .pull(let key): return [{ try environment.pull(key, context: $0) }]
            case .push(let key): return [{ try environment.push(key, context: $0) }]
            case .receive(let slab, let worker): return [{ try environment.receive(slab, from: worker, context: $0) }] + rounding.ofReceived(slab)
            case .send(let slab, let worker):
                let memory = executor.memory.narrowed[slab]
                    ?? (slab.direction == .forward ? executor.memory[slab.layer, slab.from].result : executor.memory.partial[slab]!)
                return [{ try environment.send(slab, to: worker, memory: memory, context: $0) }]
            case .compute(let computation): return try actions(computation)
            }
        }

        private func actions(_ computation: Computation) throws -> [Action] {
            let (layer, column) = (computation.layer, computation.column)
            let memory = executor.memory
            switch computation.kind {
            case .output(let source, _, let last):
                let place = memory[layer, column]
                let call = try operation(layer, column, source).output(
                    source: memory.input(of: layer, column: column, source: source),
                    weights: parameter(layer, .weight, column, source).values,
                    biases: source == column ? parameter(layer, .bias, column, column).values : nil,
                    destination: .fixed(place.accumulator ?? place.output))
                let rounded = last ? rounding.ofResult(layer, column, after: .output) : []
                guard last, let accumulator = place.accumulator else { return [{ try call.run($0.turn) }] + rounded }
                let narrowing = try Reorder.call(
                    from: .fixed(accumulator), to: .fixed(place.output), scratch: executor.scratch, engine: executor.engine)
                return [{ try call.run($0.turn) }, { try narrowing.run($0.turn) }] + rounded
            case .stages: return stagePlan(layer, column).forward + rounding.ofResult(layer, column, after: .stages)
            case .stagesGradient: return stagePlan(layer, column).backward
            case .loss:
                // Every hosted column's loss is the same; it is computed once.
                guard column == executor.program.columns.lowerBound else { return [] }
                let (executor, loss) = (executor, loss)
                return [
                    { [unowned executor] context in
                        executor.outcome = try loss.forward(
                            labels: context.labels, images: context.images, turn: context.turn)
                        if context.purpose == .training { try loss.backward(labels: context.labels, turn: context.turn) }
                    }
                ]
            case .inputGradient(let source):
                let call = try operation(layer, column, source).inputGradient(
                    destination: .fixed(stagePlan(layer, column).outputGradient!),
                    weights: parameter(layer, .weight, column, source).values,
                    source: memory.gradient(layer: layer - 1, from: column, to: source))
                return [{ try call.run($0.turn) }] + rounding.ofPartial(layer - 1, from: column, to: source)
            case .sumGradients:
                let own = memory.gradient(layer: layer, from: column, to: column)
                let others = (0..<executor.program.layout.columns).filter { $0 != column }
                    .map { memory.gradient(layer: layer, from: $0, to: column) }
                let call = try Sum.call([own] + others, to: own, scratch: executor.scratch, engine: executor.engine)
                return [{ try call.run($0.turn) }]
            case .parameterGradient(let source):
                return try parameterGradient(layer, column, source)
            }
        }

        /// Computes a slice's gradients into the buffer that its plan names, and adds up what is complete.
        private func parameterGradient(_ layer: Int, _ column: Int, _ source: Int) throws -> [Action] {
            let weights = parameter(layer, .weight, column, source).gradients
            let biases = source == column ? parameter(layer, .bias, column, column).gradients : nil
            let calls = try weights.indices.map { buffer in
                try operation(layer, column, source).parameterGradient(
                    source: executor.memory.input(of: layer, column: column, source: source),
                    destination: .fixed(stagePlan(layer, column).outputGradient!), weights: .fixed(weights[buffer]),
                    biases: biases.map { .fixed($0[buffer]) })
            }
            func sums(_ buffers: [Memory]) throws -> [GradientTree.Addition: KernelCall] {
                try Dictionary(uniqueKeysWithValues: additions.map { addition in
                    let (sum, other) = (buffers[addition.to], buffers[addition.from])
                    return (
                        addition,
                        try Sum.call([.fixed(sum), .fixed(other)], to: .fixed(sum), scratch: executor.scratch, engine: executor.engine)
                    )
                })
            }
            let (weightSums, biasSums) = (try sums(weights), try biases.map(sums))
            let rounding = GradientRounding(parameter(layer, .weight, column, source))
            return [
                { context in
                    let slice = context.slice
                    try calls[slice.buffer].run(context.turn)
                    rounding?.computed(slice)
                    for addition in slice.additions {
                        try weightSums[addition]?.run(context.turn)
                        try biasSums?[addition]?.run(context.turn)
                        rounding?.added(addition, slice)
                    }
                }
            ]
        }

        private func stagePlan(_ layer: Int, _ column: Int) -> StagePlan {
            stages[Place(layer: layer, column: column, source: column)]!
        }

        private func operation(_ layer: Int, _ column: Int, _ source: Int) -> any WeightedOperation {
            executor.operations[Place(layer: layer, column: column, source: source)]!
        }

        private func parameter(
            _ layer: Int, _ kind: ParameterTensor.Kind, _ column: Int, _ source: Int
        ) -> ParameterMemory {
            parameters[.init(layer: layer, kind: kind, column: column, source: source)]!
        }
    }
}

extension LayerSpecification {
    /// An activation right after the weights is part of their kernel.
    var activation: Activation? {
        switch then.first {
        case .relu?: .relu
        case .tanh?: .tanh
        default: nil
        }
    }
}
