import Kernels
import Partition

/// What a pass over the network is for, and which buffers it uses.
struct PassContext {
    enum Purpose { case training, evaluation }

    let purpose: Purpose
    /// The step that is trained, or after which is evaluated.
    let step: Int
    /// The step whose values are read.
    let weights: Int
    /// Counts passes within the attempt.
    let pass: Int
    let turn: Turn
    let labels: UnsafeBufferPointer<Int32>
    /// Images of the pass that count; the rest are filling.
    let images: Int
    /// Where the pass's first image is in the step's minibatch.
    var firstImage = 0
    /// What becomes of the pass's gradients.
    var slice = GradientTree.SlicePlan.whole
}

/// What the executor needs of the world: other workers' slabs and the store's values. A process that hosts all
/// columns over a fixed set of values needs neither.
protocol ExecutionEnvironment: AnyObject {
    /// An instruction begins, at a time on the monotonic clock.
    /// - Parameter place: in the program, forward before backward.
    /// - Throws: where the pass is not to go on.
    func begin(place: Int, at now: Double, context: PassContext) throws
    func send(_ slab: Slab, to worker: Int, memory: Memory, context: PassContext) throws
    func receive(_ slab: Slab, from worker: Int, context: PassContext) throws
    func pull(_ key: ParameterBlock.Key, context: PassContext) throws
    func push(_ key: ParameterBlock.Key, context: PassContext) throws
}
