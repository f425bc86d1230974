import Foundation
import Kernels
import Tensors
import Testing

@Suite struct NormalizationTests {
    /// b = a / (k + α Σ a²)^β over `size` adjacent maps, in double precision (§3.3).
    private func reference(_ x: [Float], _ shape: Shape, size: Int, k: Double, alpha: Double, beta: Double) -> [Float] {
        let (channels, area) = (shape[1], shape[2] * shape[3])
        return x.indices.map { index in
            let (image, rest) = index.quotientAndRemainder(dividingBy: channels * area)
            let (channel, pixel) = rest.quotientAndRemainder(dividingBy: area)
            let near = max(0, channel - size / 2)...min(channels - 1, channel + size / 2)
            let sum = near.reduce(0.0) { $0 + pow(Double(x[image * channels * area + $1 * area + pixel]), 2) }
            return Float(Double(x[index]) / pow(k + alpha * sum, beta))
        }
    }

    @Test(arguments: [12, 16, 24, 48]) func followsThePapersFormula(channels: Int) throws {
        let engine = try Engine()
        let scratch = ScratchMemory(engine: engine)
        let shape = Shape(2, channels, 5, 4)
        let layout = try TensorLayout(activations: shape)
        let kernel = try Normalization(layout: layout, size: 5, k: 2, alpha: 0.01, beta: 0.75, scratch: scratch, engine: engine)
        let (source, result) = (try Memory(layout, engine: engine), try Memory(layout, engine: engine))
        let workspace = try kernel.workspace.map { try Memory($0, engine: engine) }
        let draws = RandomDraws(seed: 4)
        let x = (0..<shape.count).map { 20 * RandomDraws.normals(draws.words(.initialValue, 0, UInt64($0))).0 }
        let packed = TensorBuffer(floats: shape.count)
        _ = packed.floats.update(fromContentsOf: x)
        try Reorder.pack(packed, into: source, engine: engine)
        try kernel.forward(source: .fixed(source), destination: .fixed(result), workspace: workspace.map { .fixed($0) })
            .run(Turn(weights: 0, pass: 0, batch: 0))
        let output = TensorBuffer(floats: shape.count)
        try Reorder.unpack(result, into: output, engine: engine)
        for (value, expected) in zip(output.floats, reference(x, shape, size: 5, k: 2, alpha: 0.01, beta: 0.75)) {
            #expect(abs(value - expected) <= 1e-5 * max(1, abs(expected)))
        }
    }

    /// Twelve and twenty-four channels are no whole blocks; they must not fall to the reference loops.
    @Test(arguments: [12, 24]) func fewChannelsHaveAGeneratedKernel(channels: Int) throws {
        let engine = try Engine()
        let kernel = try Normalization(
            layout: TensorLayout(activations: Shape(2, channels, 5, 4)), size: 5, k: 2, alpha: 1e-4, beta: 0.75,
            scratch: ScratchMemory(engine: engine), engine: engine)
        #expect(kernel.implementations.allSatisfy { !$0.contains("ref") })
    }
}
