import Kernels
import NeuralNetwork
import Partition
import Platform
import Prediction
import Tensors

/// Stands in for kernels with a modelled accelerator: a computation takes the time that the model says, tensors have the sizes of real ones
/// and no content. Connections, stores and updates are real. All slabs lie in the same memory.
final class ModelledBackend: ProgramBackend {
    let program: WorkerProgram
    let receiveBuffers: [Slab: [Memory]]
    let parameterLayouts: [ParameterBlock.Key: ParameterLayout]
    let sharesMirror = true
    let outcome = SoftmaxCrossEntropy.Outcome()
    private let slabs: [Slab: Memory]
    /// Seconds of this machine that each instruction takes.
    private let seconds: [Double]
    /// When the accelerator has done all that it was given, on the monotonic clock.
    private var free = 0.0

    init(program: WorkerProgram, recipe: Recipe, device: SimulatedDevice, engine: Engine) throws {
        self.program = program
        var layouts: [Slab: TensorLayout] = [:]
        for instruction in program.instructions {
            switch instruction {
            case .receive(let slab, _), .send(let slab, _):
                layouts[slab] = try TensorLayout(
                    plain: Shape(program.shape(of: slab).count), program.elements(of: slab, recipe.exchangedElements))
            default: continue
            }
        }
        let buffer = try TensorBuffer.allocate(byteCount: layouts.values.map(\.byteCount).max() ?? 64)
        let slabs = try layouts.mapValues { layout in
            try Memory(layout, buffer.slice(offset: 0, byteCount: layout.byteCount), engine: engine)
        }
        var received: [Slab: [Memory]] = [:]
        for case .receive(let slab, _) in program.instructions { received[slab] = [slabs[slab]!, slabs[slab]!] }
        (self.slabs, receiveBuffers) = (slabs, received)
        seconds = device.model.times(of: program).map { ($0.first ?? 0) * device.dilation }
        parameterLayouts = try Dictionary(
            uniqueKeysWithValues: program.blocks.map { block in
                // The layouts that kernels of the type want: weights of its elements, biases and gradients of 32 bits where they are not rounded.
                let values = try TensorLayout(plain: block.shape, block.key.kind == .weight ? recipe.precision.elements : .float32)
                let gradient = try TensorLayout(plain: block.shape)
                let pushed = gradient.of(recipe.exchange.elements(of: block.key.kind))
                return (block.key, ParameterLayout(values: values, gradient: gradient, pushed: pushed))
            })
    }

    func bind(_ parameters: [ParameterBlock.Key: ParameterMemory], slices: [GradientTree.SlicePlan]) {}

    func sentMemory(of slab: Slab, pass: Int) -> Memory { slabs[slab]! }

    /// Waits until the accelerator is done. A kernel begins when the one before it has ended, not when this thread has woken: the time of
    /// waking is no kernel's.
    func run(_ instruction: Int, _ context: PassContext) {
        guard case .compute = program.instruction(at: instruction) else { return }
        let now = MonotonicClock.now
        // After a wait for others it has been idle.
        let begins = now - free < Self.wakingTime ? free : now
        free = begins + seconds[instruction]
        MonotonicClock.sleep(until: free)
    }

    /// Seconds that a thread may take to wake on a busy machine.
    private static let wakingTime = 2e-3
}
