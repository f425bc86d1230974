import Kernels
import Partition

/// The part of running a program that depends on what computes: memory, kernels and their results.
protocol ProgramBackend: AnyObject {
    var program: WorkerProgram { get }
    /// Buffers for slabs of other workers: two for each slab, alternating by pass.
    var receiveBuffers: [Slab: [Memory]] { get }
    /// Layouts of the parameters in memory; known before any memory for them exists.
    var parameterLayouts: [ParameterBlock.Key: ParameterLayout] { get }
    /// Whether all tensors of a mirror of the store share its memory, because nothing reads their values.
    var sharesMirror: Bool { get }
    /// Loss and errors of the last forward pass.
    var outcome: SoftmaxCrossEntropy.Outcome { get }

    /// Plans everything on the parameters' memory.
    /// - Parameter slices: What is done with the gradients of a step's passes.
    func bind(_ parameters: [ParameterBlock.Key: ParameterMemory], slices: [GradientTree.SlicePlan]) throws

    /// Does the computations of one instruction of the program; counted forward, then backward.
    func run(_ instruction: Int, _ context: PassContext) throws

    /// The memory that a slab of a pass is sent from.
    func sentMemory(of slab: Slab, pass: Int) -> Memory
}
