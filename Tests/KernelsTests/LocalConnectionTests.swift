import Kernels
import Tensors
import Testing

/// Compares locally connected layers with plain loops in double precision.
@Suite struct LocalConnectionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let batch, channels, outputs, side, size, stride, padding, threads: Int
        var testDescription: String { "\(batch)×\(channels)→\(outputs), \(side)², \(size)/\(stride)+\(padding), \(threads) threads" }
        var out: Int { (side + 2 * padding - size) / stride + 1 }
        var input: Shape { Shape(batch, channels, side, side) }
        var output: Shape { Shape(batch, outputs, out, out) }
        var weights: Int { outputs * channels * size * size * out * out }

        /// Calls `body` with the row-major indices of input, weight and output of every product.
        func forEachProduct(_ body: (Int, Int, Int) -> Void) {
            for n in 0..<batch {
                for o in 0..<outputs {
                    for position in 0..<out * out {
                        for i in 0..<channels {
                            for k in 0..<size * size {
                                let row = position / out * stride + k / size - padding
                                let column = position % out * stride + k % size - padding
                                guard (0..<side).contains(row), (0..<side).contains(column) else { continue }
                                body(
                                    ((n * channels + i) * side + row) * side + column,
                                    ((o * channels + i) * size * size + k) * out * out + position, (n * outputs + o) * out * out + position)
                            }
                        }
                    }
                }
            }
        }
    }

    private static let cases = [
        Case(batch: 2, channels: 16, outputs: 32, side: 6, size: 3, stride: 1, padding: 1, threads: 1),
        Case(batch: 7, channels: 64, outputs: 24, side: 5, size: 3, stride: 1, padding: 1, threads: 2),
        Case(batch: 3, channels: 12, outputs: 20, side: 7, size: 3, stride: 2, padding: 0, threads: 2),
        // Pixels that no position reads; more threads than images; a kernel larger than the input.
        Case(batch: 2, channels: 5, outputs: 3, side: 6, size: 2, stride: 4, padding: 1, threads: 3),
        Case(batch: 1, channels: 3, outputs: 1, side: 3, size: 5, stride: 1, padding: 2, threads: 2),
    ]

    private func random(_ count: Int, _ purpose: UInt64) -> [Float] { normals(count, seed: 5, purpose: purpose) }

    private func memory(_ values: [Float], _ layout: TensorLayout, _ engine: Engine) throws -> Memory {
        try Memory(values, layout, engine: engine)
    }

    private func expect(_ memory: Memory, _ expected: [Double], _ what: String, _ engine: Engine) throws {
        let scale = expected.map(abs).max()!
        let values = try memory.values(engine: engine)
        #expect(values.count == expected.count, "\(what)")
        for (index, (a, e)) in zip(values, expected).enumerated() where !(abs(Double(a) - e) <= 1e-5 * scale) {
            Issue.record("\(what) \(index): \(a) instead of \(e)")
            return
        }
    }

    /// - Parameter accumulates: whether a part without biases is added to the destination, followed by the activation.
    @Test(arguments: cases, [false, true]) func matchesPlainLoops(_ c: Case, accumulates: Bool) throws {
        Engine.useThreads(c.threads)
        defer { Engine.useThreads(1) }
        let engine = try Engine()
        let (source, destination) = (try TensorLayout(activations: c.input), try TensorLayout(activations: c.output))
        let operation = try LocalConnection(
            source: source, destination: destination, size: c.size, stride: c.stride, padding: c.padding, biases: !accumulates,
            accumulates: accumulates, activation: accumulates ? .relu : nil, scratch: ScratchMemory(engine: engine), engine: engine)
        let (x, w, dy) = (random(c.input.count, 1), random(c.weights, 2), random(c.output.count, 3))
        let (b, before) = (random(c.outputs * c.out * c.out, 4), random(c.output.count, 5))
        // Earlier content of the memory must not matter, except for a destination that is added to.
        let y = try memory(accumulates ? before : dy, destination, engine)
        let (dx, dw) = (try memory(x, source, engine), try memory(w, operation.weights, engine))
        let (xm, wm, dym) = (try memory(x, source, engine), try memory(w, operation.weights, engine), try memory(dy, destination, engine))
        let (bm, db) = try accumulates ? (nil, nil) : (memory(b, operation.biases!, engine), memory(b, operation.biases!, engine))
        let parity = BufferParity(weights: 0, pass: 0, batch: 0)
        try operation.output(source: .fixed(xm), weights: .fixed(wm), biases: bm.map(Operand.fixed), destination: .fixed(y)).run(parity)
        try operation.inputGradient(destination: .fixed(dym), weights: .fixed(wm), source: .fixed(dx)).run(parity)
        try operation.parameterGradient(
            source: .fixed(xm), destination: .fixed(dym), weights: .fixed(dw), biases: db.map(Operand.fixed)
        ).run(parity)

        let positions = c.out * c.out
        var result = (0..<c.output.count).map { Double(accumulates ? before[$0] : b[$0 % (c.outputs * positions)]) }
        var (inputGradient, weightGradient) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: w.count))
        c.forEachProduct { i, weight, o in
            result[o] += Double(x[i]) * Double(w[weight])
            inputGradient[i] += Double(w[weight]) * Double(dy[o])
            weightGradient[weight] += Double(x[i]) * Double(dy[o])
        }
        try expect(y, accumulates ? result.map { max(0, $0) } : result, "output", engine)
        try expect(dx, inputGradient, "input gradient", engine)
        try expect(dw, weightGradient, "weight gradient", engine)
        if let db {
            let biasGradient = b.indices.map { unit in (0..<c.batch).reduce(0.0) { $0 + Double(dy[$1 * b.count + unit]) } }
            try expect(db, biasGradient, "bias gradient", engine)
        }
    }
}
