import Kernels
import NeuralNetwork
import Partition
import Tensors

/// Computes a worker's program with kernels. Memory and kernels are planned once; a step only runs them.
final class KernelBackend: ProgramBackend {
    typealias Action = (PassContext) throws -> Void

    let program: WorkerProgram
    let memory: ActivationMemory
    let parameterLayouts: [ParameterBlock.Key: ParameterLayout]
    let sharesMirror = false
    private let recipe: Recipe
    private let trains: Bool
    /// Whether activations are part of the kernels before them.
    private let fuses: Bool
    private let engine: Engine
    private let scratch: ScratchMemory
    private let operations: WeightedOperations
    /// The kernels of each instruction, forward then backward; empty before `bind`.
    private var actions: [[Action]] = []
    private(set) var loss: LossKernel?

    /// - Parameters:
    ///   - images: The loader's two buffers, NCHW.
    ///   - trains: False leaves out the backward pass and its memory.
    ///   - fuses: False runs activations as kernels of their own, for comparison.
    init(
        program: WorkerProgram, recipe: Recipe, images: [TensorBuffer], trains: Bool, fuses: Bool = true, engine: Engine
    ) throws {
        guard recipe.precision == .fp32 || Engine.computesInBFloat16 else {
            throw KernelPlanError.noBFloat16(Engine.instructionSet)
        }
        (self.program, self.recipe, self.trains, self.fuses, self.engine) = (program, recipe, trains, fuses, engine)
        scratch = ScratchMemory(engine: engine)
        memory = try ActivationMemory(
            program: program, type: recipe.precision.elements, exchanged: recipe.exchangedElements, images: images, trains: trains,
            engine: engine)
        operations = try WeightedOperations(program, recipe, memory: memory, fuses: fuses, scratch: scratch, engine: engine)
        parameterLayouts = operations.layouts(recipe.exchange)
    }

    var receiveBuffers: [Slab: [Memory]] { memory.received }
    var outcome: SoftmaxCrossEntropy.Outcome { loss?.outcome ?? .init() }

    func sentMemory(of slab: Slab, pass: Int) -> Memory {
        memory.narrowed[slab]
            ?? (slab.direction == .forward ? memory[slab.layer, slab.from].result(ofPass: pass) : memory.partial[slab]!)
    }

    func bind(_ parameters: [ParameterBlock.Key: ParameterMemory], slices: [GradientTree.SlicePlan] = [.whole]) throws {
        var stages: [ColumnLayer: StagePlan] = [:]
        for layer in program.network.layers.indices {
            for column in program.columns {
                stages[ColumnLayer(layer, column)] = try StagePlan(
                    layer: layer, column: column, program: program, recipe: recipe, memory: memory[layer, column],
                    fused: fuses && program.network.layers[layer].activation != nil, scratch: scratch, engine: engine)
            }
        }
        let last = program.network.layers.count - 1
        let loss = LossKernel(
            try SoftmaxCrossEntropy(
                batch: program.batch, of: program.batch * recipe.slices,
                slabs: (0..<program.layout.columns).map { memory.result(layer: last, column: $0) },
                gradients: trains ? program.columns.map { ($0, memory[last, $0].resultGradient!) } : [],
                scratch: scratch, engine: engine))
        self.loss = loss
        let planner = KernelPlanner(
            program: program, memory: memory, operations: operations, parameters: parameters, stages: stages,
            additions: Set(slices.flatMap(\.additions)), loss: loss, rounding: SlabRounding(program: program, memory: memory),
            scratch: scratch, engine: engine)
        actions = try (trains ? program.instructions : program.forward).map { try planner.actions($0) }
    }

    func run(_ instruction: Int, _ context: PassContext) throws {
        for action in actions[instruction] { try action(context) }
    }
}

/// The softmax and loss of a pass, and its last outcome.
final class LossKernel {
    private let kernel: SoftmaxCrossEntropy
    private(set) var outcome = SoftmaxCrossEntropy.Outcome()

    init(_ kernel: SoftmaxCrossEntropy) { self.kernel = kernel }

    /// log p of every image and class of the last pass, row-major.
    var result: UnsafeBufferPointer<Float> { kernel.result }

    func run(_ context: PassContext) throws {
        outcome = try kernel.forward(labels: context.labels, images: context.images, parity: context.parity)
        if context.purpose == .training { try kernel.backward(labels: context.labels, parity: context.parity) }
    }
}
