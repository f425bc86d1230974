import Foundation
import Kernels
import Tensors
import Testing

@Suite struct NormalizationTests {
    private let k: Float = 2, alpha: Float = 0.01, beta: Float = 0.75

    /// Returns b = a / (k + α Σ a²)^β over `size` adjacent channels (§3.3) and the gradient of Σ b·g, in double precision.
    private func reference(_ x: [Float], _ g: [Float], _ shape: Shape, size: Int) -> (result: [Double], gradient: [Double]) {
        let (channels, area) = (shape[1], shape[2] * shape[3])
        let (k, alpha, beta) = (Double(k), Double(alpha), Double(beta))
        /// Returns the indices of the values that `index` is normalized with, including itself.
        func near(_ index: Int) -> [Int] {
            let (image, rest) = index.quotientAndRemainder(dividingBy: channels * area)
            let (channel, pixel) = rest.quotientAndRemainder(dividingBy: area)
            return (max(0, channel - size / 2)...min(channels - 1, channel + size / 2)).map { image * channels * area + $0 * area + pixel }
        }
        let sums = x.indices.map { k + alpha * near($0).reduce(0.0) { $0 + Double(x[$1]) * Double(x[$1]) } }
        let result = x.indices.map { Double(x[$0]) / pow(sums[$0], beta) }
        let gradient = x.indices.map { index in
            let through = near(index).reduce(0.0) { $0 + Double(g[$1]) * Double(x[$1]) / pow(sums[$1], beta + 1) }
            return Double(g[index]) / pow(sums[index], beta) - 2 * alpha * beta * Double(x[index]) * through
        }
        return (result, gradient)
    }

    /// A window of nine channels is that of the four-layer networks.
    @Test(arguments: [12, 16, 24, 48], [5, 9]) func followsThePapersFormula(channels: Int, size: Int) throws {
        let engine = try Engine()
        let scratch = ScratchMemory(engine: engine)
        let shape = Shape(2, channels, 5, 4)
        let layout = try TensorLayout(activations: shape)
        let kernel = try Normalization(layout: layout, size: size, k: k, alpha: alpha, beta: beta, scratch: scratch, engine: engine)
        let memories = try (0..<4).map { _ in try Memory(layout, engine: engine) }
        let (source, result, resultGradient, sourceGradient) = (memories[0], memories[1], memories[2], memories[3])
        let workspace = try kernel.workspace.map { Operand.fixed(try Memory($0, engine: engine)) }
        let draws = RandomDraws(seed: 4)
        let normals = (0..<shape.count).map { RandomDraws.normals(draws.words(.initialValue, 0, UInt64($0))) }
        let (x, g) = (normals.map { 20 * $0.0 }, normals.map(\.1))
        for (values, memory) in [(x, source), (g, resultGradient)] { try memory.fill(values, engine: engine) }
        let parity = BufferParity(weights: 0, pass: 0, batch: 0)
        let forward = try kernel.forward(source: .fixed(source), destination: .fixed(result), workspace: workspace)
        let backward = try kernel.backward(
            source: .fixed(source), destinationGradient: .fixed(resultGradient), sourceGradient: .fixed(sourceGradient),
            workspace: workspace)
        try forward.run(parity)
        try backward.run(parity)
        let expected = reference(x, g, shape, size: size)
        for (memory, expected) in [(result, expected.result), (sourceGradient, expected.gradient)] {
            for (value, expected) in zip(try memory.values(engine: engine), expected) {
                #expect(abs(Double(value) - expected) <= 1e-5 * max(1, abs(expected)))
            }
        }
    }

    /// 12 and 24 channels do not fill a block, and blocked kernels have no window of nine. Neither may use the slow reference loops.
    @Test(arguments: [12, 24, 64], [5, 9]) func hasAGeneratedKernel(channels: Int, size: Int) throws {
        let engine = try Engine()
        let kernel = try Normalization(
            layout: TensorLayout(activations: Shape(2, channels, 5, 4)), size: size, k: 2, alpha: 1e-4, beta: 0.75,
            scratch: ScratchMemory(engine: engine), engine: engine)
        // Without AVX-512 there is no generated kernel for a window of nine channels.
        guard size == 5 || Engine.instructionSet.hasPrefix("avx512") else { return }
        #expect(kernel.implementations.allSatisfy { !$0.contains("ref") }, "\(kernel.implementations)")
    }
}
