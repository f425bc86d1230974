import Kernels
import NeuralNetwork
import Partition
import Prediction
import Tensors
import Threading

/// Runs a worker's program on a modelled accelerator: a computation takes the time that the model says, tensors have the sizes of
/// real ones and no content, and everything else is real: connections, stores, updates. Slabs all lie in the same memory.
final class SimulatedExecutor: PassExecutor {
    let program: WorkerProgram
    let landing: [Slab: [Memory]]
    let parameterLayouts: [ParameterBlock.Key: ParameterLayout]
    let sharedMirror = true
    let outcome = SoftmaxCrossEntropy.Outcome()
    var stopwatch: Stopwatch?

    /// An instruction with what it takes, in seconds of this machine, and the slab that it sends.
    private struct Step {
        let instruction: Instruction
        let seconds: Double
        let slab: Memory?
    }

    private let steps: [Step]
    private weak var environment: (any ExecutionEnvironment)?
    /// When the accelerator has done all that it was given, on the monotonic clock.
    private var free = 0.0

    init(program: WorkerProgram, recipe: Recipe, device: SimulatedDevice, engine: Engine) throws {
        self.program = program
        var layouts: [Slab: TensorLayout] = [:]
        for instruction in program.instructions {
            switch instruction {
            case .receive(let slab, _), .send(let slab, _):
                layouts[slab] = try TensorLayout(plain: Shape(program.shape(of: slab).count), program.elements(of: slab, recipe.exchangedElements))
            default: continue
            }
        }
        let buffer = try TensorBuffer.allocate(byteCount: layouts.values.map(\.byteCount).max() ?? 64)
        let slabs = try layouts.mapValues { layout in
            try Memory(layout, buffer.slice(offset: 0, byteCount: layout.byteCount), engine: engine)
        }
        var landing: [Slab: [Memory]] = [:]
        for case .receive(let slab, _) in program.instructions { landing[slab] = [slabs[slab]!, slabs[slab]!] }
        self.landing = landing
        steps = zip(program.instructions, device.model.times(of: program)).map { instruction, seconds in
            var sent: Memory?
            if case .send(let slab, _) = instruction { sent = slabs[slab] }
            return Step(instruction: instruction, seconds: (seconds.first ?? 0) * device.dilation, slab: sent)
        }
        parameterLayouts = try Dictionary(uniqueKeysWithValues: program.blocks.map { block in
            // As kernels of the type want them: weights of its elements, biases and gradients of 32 bits where they are not to be rounded.
            let values = try TensorLayout(plain: block.shape, block.key.kind == .weight ? recipe.precision.elements : .float32)
            let gradient = try TensorLayout(plain: block.shape)
            let pushed = gradient.of(recipe.exchange.elements(of: block.key.kind))
            return (block.key, ParameterLayout(values: values, gradient: gradient, pushed: pushed))
        })
    }

    func bind(
        _ parameters: [ParameterBlock.Key: ParameterMemory], slices: [GradientTree.SlicePlan], environment: any ExecutionEnvironment
    ) throws {
        self.environment = environment
    }

    func run(_ context: PassContext) throws {
        guard let environment else { return }
        var start = MonotonicClock.now
        for (place, step) in steps.enumerated() {
            // Evaluation ends before the backward pass.
            if place == program.forward.count, context.purpose == .evaluation { return }
            try environment.begin(place: place, at: start, context: context)
            switch step.instruction {
            case .pull(let key): try environment.pull(key, context: context)
            case .push(let key): try environment.push(key, context: context)
            case .receive(let slab, let worker): try environment.receive(slab, from: worker, context: context)
            case .send(let slab, let worker): try environment.send(slab, to: worker, memory: step.slab!, context: context)
            case .compute: compute(step.seconds)
            }
            let end = MonotonicClock.now
            stopwatch?.add(place, from: start, to: end)
            start = end
        }
    }

    /// Waits until the accelerator is done. A kernel begins when the one before it has ended, not when this thread has woken: what
    /// waking takes is no kernel's time.
    private func compute(_ seconds: Double) {
        let now = MonotonicClock.now
        // After a wait for others it has been idle.
        let begins = now - free < Self.waking ? free : now
        free = begins + seconds
        MonotonicClock.sleep(until: free)
    }

    /// Seconds that a thread may take to wake on a busy machine.
    private static let waking = 2e-3

    func instruction(at place: Int) -> Instruction? { steps.indices.contains(place) ? steps[place].instruction : nil }
}
