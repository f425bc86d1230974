import Kernels
import Partition
import Threading

/// Runs a worker's program, pass by pass: with kernels, or with modelled ones.
protocol PassExecutor: AnyObject {
    var program: WorkerProgram { get }
    /// Where slabs of other workers land: two places each, by pass.
    var landing: [Slab: [Memory]] { get }
    /// How parameters lie in memory; known before any memory for them exists.
    var parameterLayouts: [ParameterBlock.Key: ParameterLayout] { get }
    /// Whether all tensors of a mirror of the store share its memory, because nobody looks at their values.
    var sharedMirror: Bool { get }
    /// Loss and errors of the last forward pass.
    var outcome: SoftmaxCrossEntropy.Outcome { get }
    /// Records what a pass spends its time on, while it is set. Places count instructions, forward then backward.
    var stopwatch: Stopwatch? { get set }

    /// Plans everything on the parameters' memory and the environment's exchanges.
    /// - Parameter slices: what becomes of the gradients of a step's passes.
    func bind(
        _ parameters: [ParameterBlock.Key: ParameterMemory], slices: [GradientTree.SlicePlan], environment: any ExecutionEnvironment) throws
    /// Runs a forward pass and, in training, the backward pass.
    func run(_ context: PassContext) throws
    /// The instruction of a recorded span.
    func instruction(at place: Int) -> Instruction?
}

extension ProgramExecutor: PassExecutor {
    var landing: [Slab: [Memory]] { memory.received }
    var sharedMirror: Bool { false }
}
