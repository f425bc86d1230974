import Kernels
public import NeuralNetwork
import Partition
public import Tensors

/// A whole network in this process, on fixed values: for evaluation, prediction and tests. It runs the same split
/// kernels as a run with workers does.
public final class LocalNetwork {
    public struct Outcome: Sendable {
        public let lossSum: Double
        public let top1Wrong: Int
        public let top5Wrong: Int
    }

    public let configuration: RunConfiguration
    public let batch: Int
    /// N×C×H×W, where the next pass's images are put.
    public let images: TensorBuffer
    private let engine: Engine
    private let runner: ProgramRunner
    private let backend: KernelBackend
    /// Of the images, where the network reads fewer bits.
    private let rounding: KernelCall?
    private let environment = LocalEnvironment()
    private var parameters: [ParameterBlock.Key: ParameterMemory] = [:]
    private var pass = 0

    /// - Parameters:
    ///   - trains: whether gradients are wanted.
    ///   - value: the canonical tensor of a name, whole.
    public convenience init(
        _ configuration: RunConfiguration, batch: Int, trains: Bool = false,
        value: (ParameterTensor) throws -> UnsafeRawBufferPointer
    ) throws {
        try self.init(configuration, batch: batch, trains: trains, workers: 1, worker: 0, fuses: true, value: value)
    }

    /// One worker's share alone: other workers' slabs stay zero. For measuring.
    init(
        _ configuration: RunConfiguration, batch: Int, trains: Bool, workers: Int, worker: Int, fuses: Bool,
        value: (ParameterTensor) throws -> UnsafeRawBufferPointer
    ) throws {
        self.batch = batch
        engine = try Engine()
        var configuration = configuration
        // A network that was trained elsewhere can be looked at here.
        if !trains, !Engine.computesInBFloat16 { configuration.recipe.precision = .fp32 }
        self.configuration = configuration
        Engine.useThreads(configuration.recipe.threads)
        let program = try ProgramCompiler(network: configuration.network, workers: workers, batch: batch)
            .program(worker: worker)
        let input = configuration.network.input
        images = try TensorBuffer.allocate(floats: batch * input.channels * input.height * input.width)
        let type = configuration.recipe.precision.elements
        let shape = Shape(batch, input.channels, input.height, input.width)
        let read = type == .float32 ? images : try TensorBuffer.allocate(byteCount: shape.count * type.byteCount)
        rounding =
            type == .float32
            ? nil
            : try Reorder.call(
                from: .fixed(Memory(TensorLayout(plain: shape), images, engine: engine)),
                to: .fixed(Memory(TensorLayout(plain: shape, type), read, engine: engine)),
                scratch: ScratchMemory(engine: engine), engine: engine)
        backend = try KernelBackend(
            program: program, recipe: configuration.recipe, images: [read, read], trains: trains, fuses: fuses,
            engine: engine)
        runner = ProgramRunner(backend)
        for block in program.blocks {
            let layout = backend.parameterLayouts[block.key]!
            let memory = try Memory(layout.values, engine: engine)
            let gradients = trains ? [try Memory(layout.gradient, engine: engine)] : []
            parameters[block.key] = ParameterMemory(even: memory, odd: memory, gradients: gradients, pushed: gradients)
        }
        try load(value)
        try backend.bind(parameters)
    }

    /// Replaces the parameters.
    public func load(_ value: (ParameterTensor) throws -> UnsafeRawBufferPointer) throws {
        for block in backend.program.blocks {
            let whole = try value(block.tensor)
            let packed = try TensorBuffer.allocate(floats: block.shape.count)
            block.region.forEachRun(in: block.tensor.shape) { offset, start, length in
                (packed.address + 4 * offset).copyMemory(from: whole.baseAddress! + 4 * start, byteCount: 4 * length)
            }
            try Reorder.pack(packed, into: parameters[block.key]!.even, engine: engine)
        }
    }

    /// Runs the test-time network on `images`.
    /// - Parameter count: how many of the minibatch count.
    public func evaluate(labels: [Int32], count: Int) throws -> Outcome {
        try run(.evaluation, labels: labels, count: count, step: 0)
    }

    /// Runs forward and backward.
    public func train(labels: [Int32], step: Int) throws -> Outcome {
        try run(.training, labels: labels, count: batch, step: step)
    }

    private func run(_ purpose: PassContext.Purpose, labels: [Int32], count: Int, step: Int) throws -> Outcome {
        precondition(labels.count == batch && count <= batch)
        pass += 1
        let parity = BufferParity(weights: 0, pass: pass, batch: 0)
        try rounding?.run(parity)
        return try labels.withUnsafeBufferPointer { labels in
            try runner.run(
                PassContext(
                    purpose: purpose, step: step, weights: 0, pass: pass, parity: parity,
                    labels: labels, images: count, environment: environment))
            let outcome = backend.outcome
            return Outcome(lossSum: outcome.lossSum, top1Wrong: outcome.top1Wrong, top5Wrong: outcome.top5Wrong)
        }
    }

    /// Runs a training pass and measures each computation, in seconds.
    func profile(labels: [Int32]) throws -> [(computation: Computation, seconds: Double)] {
        pass += 1
        return try labels.withUnsafeBufferPointer { labels in
            try runner.profile(
                PassContext(
                    purpose: .training, step: 1, weights: 0, pass: pass, parity: BufferParity(weights: 0, pass: pass, batch: 0),
                    labels: labels, images: batch, environment: environment))
        }
    }

    /// log p of every image and class of the last pass, row-major.
    public var logProbabilities: UnsafeBufferPointer<Float> { backend.loss!.result }

    /// A layer's result of the last pass, image by image, columns one after another.
    public func result(layer: Int) throws -> [Float] {
        let parts = try backend.program.columns.map { column -> (values: TensorBuffer, units: Int) in
            let memory = backend.memory[layer, column].result(ofPass: pass)
            let packed = try TensorBuffer.allocate(floats: memory.layout.shape.count)
            try Reorder.unpack(memory, into: packed, engine: engine)
            return (packed, memory.layout.shape.count / batch)
        }
        return (0..<batch).flatMap { image in
            parts.flatMap { part in part.values.floats[image * part.units..<(image + 1) * part.units] }
        }
    }

    /// The gradients of the last training pass as a whole canonical tensor.
    public func gradient(of tensor: ParameterTensor) throws -> [Float] {
        var result = [Float](repeating: 0, count: tensor.shape.count)
        for block in backend.program.blocks where block.tensor == tensor {
            let packed = try TensorBuffer.allocate(floats: block.shape.count)
            try Reorder.unpack(parameters[block.key]!.gradients[0], into: packed, engine: engine)
            block.region.forEachRun(in: tensor.shape) { offset, start, length in
                for i in 0..<length { result[start + i] = packed.floats[offset + i] }
            }
        }
        return result
    }
}
