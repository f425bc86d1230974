import Kernels
import Tensors
import Testing

/// Compares convolutions with plain loops: the output and both gradients. Gradients are the transposed sums, which finite differences
/// would only approximate.
@Suite struct ConvolutionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let channels, kernels, side, size, stride, padding: Int
        let isImage: Bool
        var winograd = false
        var type = ElementType.float32
        var testDescription: String {
            "\(channels)→\(kernels), \(side)², \(size)/\(stride)+\(padding)"
                + (winograd ? ", Winograd" : "") + (type == .bfloat16 ? ", bf16" : "")
        }
    }

    private static let cases = [
        Case(channels: 3, kernels: 16, side: 23, size: 11, stride: 4, padding: 2, isImage: true),
        Case(channels: 1, kernels: 16, side: 12, size: 5, stride: 1, padding: 2, isImage: true),
        Case(channels: 16, kernels: 24, side: 9, size: 5, stride: 1, padding: 2, isImage: false),
        Case(channels: 12, kernels: 20, side: 7, size: 3, stride: 1, padding: 1, isImage: false),
        Case(channels: 5, kernels: 3, side: 6, size: 3, stride: 2, padding: 1, isImage: false),
        Case(channels: 48, kernels: 40, side: 13, size: 3, stride: 1, padding: 1, isImage: false, winograd: true),
        Case(channels: 3, kernels: 16, side: 23, size: 11, stride: 4, padding: 2, isImage: true, type: .bfloat16),
        Case(channels: 16, kernels: 24, side: 9, size: 5, stride: 1, padding: 2, isImage: false, type: .bfloat16),
        Case(channels: 48, kernels: 40, side: 13, size: 3, stride: 1, padding: 1, isImage: false, type: .bfloat16),
    ]

    @Test(arguments: cases.filter { $0.type == .float32 || Engine.computesInBFloat16 })
    func outputAndGradientsMatchPlainLoops(_ c: Case) throws {
        let engine = try Engine()
        let scratch = ScratchMemory(engine: engine)
        let out = (c.side + 2 * c.padding - c.size) / c.stride + 1
        let (inShape, kernelShape, outShape) = (
            Shape(2, c.channels, c.side, c.side), Shape(c.kernels, c.channels, c.size, c.size),
            Shape(2, c.kernels, out, out)
        )
        let source = try c.isImage ? TensorLayout(plain: inShape, c.type) : TensorLayout(activations: inShape, c.type)
        let destination = try TensorLayout(activations: outShape, c.type)
        let operation = try Convolution.plan(
            source: source, kernels: kernelShape, destination: destination, stride: c.stride,
            padding: c.padding, biases: true, accumulates: false, activation: nil, hasInputGradient: !c.isImage,
            winograd: c.winograd, scratch: scratch, engine: engine)
        func random(_ count: Int, _ purpose: UInt64) -> [Float] {
            let values = normals(count, seed: 2, purpose: purpose)
            // Inputs are rounded here too, so that differences come from the computation only.
            return c.type == .float32 ? values : values.map { BFloat16.float(BFloat16.bits($0)) }
        }
        let (x, w, b, dy) = (random(inShape.count, 1), random(kernelShape.count, 2), random(c.kernels, 3), random(outShape.count, 4))
        func memory(_ values: [Float], _ layout: TensorLayout) throws -> Memory { try Memory(values, layout, engine: engine) }
        let parity = BufferParity(weights: 0, pass: 0, batch: 0)
        let (xm, wm, bm) = (try memory(x, source), try memory(w, operation.weights), try memory(b, operation.biases!))
        let (y, dw, db) = (
            try Memory(destination, engine: engine), try Memory(operation.gradient, engine: engine),
            try Memory(operation.biases!, engine: engine)
        )
        try operation.output(source: .fixed(xm), weights: .fixed(wm), biases: .fixed(bm), destination: .fixed(y)).run(parity)
        let dym = try memory(dy, destination)
        try operation.parameterGradient(
            source: .fixed(xm), destination: .fixed(dym), weights: .fixed(dw), biases: .fixed(db)
        ).run(parity)

        var (ey, edw, edx, edb) = (
            [Float](repeating: 0, count: outShape.count), [Float](repeating: 0, count: w.count),
            [Float](repeating: 0, count: x.count), [Float](repeating: 0, count: c.kernels)
        )
        for n in 0..<2 {
            for o in 0..<c.kernels {
                for row in 0..<out {
                    for column in 0..<out {
                        let position = ((n * c.kernels + o) * out + row) * out + column
                        ey[position] += b[o]
                        edb[o] += dy[position]
                        for i in 0..<c.channels {
                            for kh in 0..<c.size {
                                for kw in 0..<c.size {
                                    let (h, v) = (row * c.stride + kh - c.padding, column * c.stride + kw - c.padding)
                                    guard (0..<c.side).contains(h), (0..<c.side).contains(v) else { continue }
                                    let from = ((n * c.channels + i) * c.side + h) * c.side + v
                                    let weight = ((o * c.channels + i) * c.size + kh) * c.size + kw
                                    ey[position] += x[from] * w[weight]
                                    edw[weight] += x[from] * dy[position]
                                    edx[from] += w[weight] * dy[position]
                                }
                            }
                        }
                    }
                }
            }
        }
        func agree(_ actual: [Float], _ expected: [Float], _ what: String, rounded: Bool = false) {
            let scale = expected.map(abs).max()!
            // Gradients of weights have 32 bits; bfloat16 activations are rounded once, after the sum.
            for (a, e) in zip(actual, expected) where abs(a - e) > 1e-4 * scale + (rounded ? abs(e) * 0x1p-8 : 0) {
                Issue.record("\(what): \(a) instead of \(e)")
                return
            }
        }
        let hasWinograd = operation.implementations.contains { $0.contains("wino") }
        #expect(hasWinograd == (c.winograd && Engine.instructionSet.hasPrefix("avx512")), "\(operation.implementations)")
        agree(try y.values(engine: engine), ey, "output", rounded: c.type == .bfloat16)
        agree(try dw.values(engine: engine), edw, "weight gradient")
        agree(try db.values(engine: engine), edb, "bias gradient")
        if !c.isImage {
            let dx = try Memory(source, engine: engine)
            try operation.inputGradient(destination: .fixed(dym), weights: .fixed(wm), source: .fixed(dx)).run(parity)
            agree(try dx.values(engine: engine), edx, "input gradient", rounded: c.type == .bfloat16)
        }
    }

    /// A layer that reads several columns adds one part per column. The widths include some that do not fill a block.
    @Test(arguments: [12, 16, 40]) func aPartIsAddedToTheDestination(_ channels: Int) throws {
        let engine = try Engine()
        let scratch = ScratchMemory(engine: engine)
        let (source, destination) = (
            try TensorLayout(activations: Shape(2, channels, 7, 7)), try TensorLayout(activations: Shape(2, 24, 7, 7))
        )
        func operation(accumulates: Bool) throws -> any WeightedOperation {
            try Convolution.plan(
                source: source, kernels: Shape(24, channels, 3, 3), destination: destination, stride: 1, padding: 1, biases: false,
                accumulates: accumulates, activation: accumulates ? .relu : nil, hasInputGradient: true, winograd: false,
                scratch: scratch, engine: engine)
        }
        func filled(_ layout: TensorLayout, _ purpose: UInt64) throws -> Memory {
            try Memory(normals(layout.shape.count, seed: 3, purpose: purpose), layout, engine: engine)
        }
        let (alone, adding) = (try operation(accumulates: false), try operation(accumulates: true))
        let (x, before) = (try filled(source, 1), try filled(destination, 2))
        let (part, sum) = (try Memory(destination, engine: engine), try filled(destination, 2))
        let parity = BufferParity(weights: 0, pass: 0, batch: 0)
        try alone.output(source: .fixed(x), weights: .fixed(filled(alone.weights, 3)), biases: nil, destination: .fixed(part)).run(parity)
        try adding.output(source: .fixed(x), weights: .fixed(filled(adding.weights, 3)), biases: nil, destination: .fixed(sum)).run(parity)
        let expected = zip(try part.values(engine: engine), try before.values(engine: engine)).map { max(0, $0 + $1) }
        let largest = zip(try sum.values(engine: engine), expected).map { abs($0 - $1) }.max()!
        #expect(largest < 1e-4 * expected.max()!, "\(adding.implementations)")
        #expect(!adding.implementations.contains { $0.contains("ref") }, "\(adding.implementations)")
    }
}
