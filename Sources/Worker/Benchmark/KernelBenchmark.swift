public import NeuralNetwork
import Partition
import Tensors

/// Measures one worker's kernels alone: no exchange, no store, no data. Their sum bounds a step from below.
public enum KernelBenchmark {
    /// One kernel's share of a pass, which is a slice of a step.
    public struct Line: Codable, Sendable {
        public let layer: String
        public let operation: String
        public let column: Int
        public var milliseconds: Double
        public let gflops: Double
    }

    /// Runs training passes on made images and takes each kernel's shortest time.
    /// - Parameters:
    ///   - fuses: whether activations are part of the kernels before them; false gives the sum that figures are
    ///     compared with.
    ///   - passes: after one that warms up.
    public static func run(
        _ configuration: RunConfiguration, workers: Int, worker: Int, fuses: Bool, passes: Int
    ) throws -> [Line] {
        let (network, batch) = (configuration.network, configuration.recipe.sliceBatch)
        let initial = InitialValues(configuration.recipe)
        // One tensor at a time: its values are copied before the next is asked for, or kept when asked for again.
        var kept: (tensor: ParameterTensor, buffer: TensorBuffer)?
        let local = try LocalNetwork(
            configuration, batch: batch, trains: true, workers: workers, worker: worker, fuses: fuses
        ) { tensor in
            if let kept, kept.tensor == tensor { return UnsafeRawBufferPointer(kept.buffer.bytes) }
            let buffer = try TensorBuffer.allocate(floats: tensor.shape.count)
            let layer = network.layers[tensor.layer]
            initial.fill(
                UnsafeMutableBufferPointer(rebasing: buffer.floats[..<tensor.shape.count]), tensor: tensor,
                region: Region(origin: tensor.shape.extents.map { _ in 0 }, extents: tensor.shape),
                recipe: tensor.kind == .weight ? layer.weights : layer.biases)
            kept = (tensor, buffer)
            return UnsafeRawBufferPointer(buffer.bytes)
        }
        let draws = RandomDraws(seed: 1)
        let count = batch * network.input.channels * network.input.height * network.input.width
        for i in 0..<count { local.images.floats[i] = 255 * RandomDraws.uniform(draws.words(.crop, 0, UInt64(i)).0) - 128 }
        let labels = (0..<batch).map { Int32($0 % network.classes) }
        var lines: [Line] = []
        for pass in 0...passes {
            let times = try local.profile(labels: labels)
            if pass < 2 {
                lines = times.map { computation, seconds in
                    Line(
                        layer: network.layers[computation.layer].name, operation: computation.operation,
                        column: computation.column, milliseconds: seconds * 1e3, gflops: computation.flops / 1e9)
                }
            } else {
                for (i, time) in times.enumerated() {
                    lines[i].milliseconds = min(lines[i].milliseconds, time.seconds * 1e3)
                }
            }
        }
        return lines
    }
}

extension Computation {
    /// In words, for a table.
    var operation: String {
        switch kind {
        case .output(let source, _, _): source == column ? "output" : "output from column \(source)"
        case .stages: "stages"
        case .loss: "softmax, loss"
        case .stagesGradient: "stages' gradient"
        case .inputGradient(let source): source == column ? "input gradient" : "input gradient for column \(source)"
        case .sumGradients: "sum of gradients"
        case .parameterGradient(let source): source == column ? "weight gradient" : "weight gradient from column \(source)"
        }
    }
}
