import Kernels
import Partition

/// What a pass over the network is for, and which buffers it uses.
struct PassContext {
    enum Purpose { case training, evaluation }

    let purpose: Purpose
    /// The step that is trained, or after which the network is evaluated.
    let step: Int
    /// The step whose values are read.
    let weights: Int
    /// Counts passes within the attempt.
    let pass: Int
    let parity: BufferParity
    let labels: UnsafeBufferPointer<Int32>
    /// The number of images that count; the rest of the pass is padding.
    let images: Int
    let environment: any ExecutionEnvironment
    /// Position of the pass's first image in the step's minibatch.
    var firstImage = 0
    /// What is done with the pass's gradients.
    var slice = GradientTree.SlicePlan.whole
}

/// What running a program needs of other processes: other workers' slabs and the store's values. A process that hosts all columns over a
/// fixed set of values needs neither.
protocol ExecutionEnvironment: AnyObject {
    /// Takes note that an instruction begins, at a time on the monotonic clock.
    /// - Parameter instruction: Its index in the program, forward before backward.
    /// - Throws: `AttemptEnded` where the pass must not continue.
    func begin(instruction: Int, at now: Double, context: PassContext) throws
    func send(_ slab: Slab, to worker: Int, memory: Memory, context: PassContext) throws
    func receive(_ slab: Slab, from worker: Int, context: PassContext) throws
    func pull(_ key: ParameterBlock.Key, context: PassContext) throws
    func push(_ key: ParameterBlock.Key, context: PassContext) throws
}

/// An environment for a process that hosts everything itself.
final class LocalEnvironment: ExecutionEnvironment {
    func begin(instruction: Int, at now: Double, context: PassContext) {}
    func send(_ slab: Slab, to worker: Int, memory: Memory, context: PassContext) {}
    func receive(_ slab: Slab, from worker: Int, context: PassContext) {}
    func pull(_ key: ParameterBlock.Key, context: PassContext) {}
    func push(_ key: ParameterBlock.Key, context: PassContext) {}
}
