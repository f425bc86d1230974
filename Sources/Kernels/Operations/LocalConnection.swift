import COneDNN
import Synchronization
import Tensors

/// A locally connected layer: a convolution whose kernels differ from position to position. oneDNN has no kernel for it.
///
/// With channels last, the pixels under a kernel's row are contiguous in every image. So each position and kernel row is one matrix
/// product, without gathering. Threads divide the images or the positions, because a single product is too small to divide.
public final class LocalConnection: WeightedOperation {
    /// O×I×(kernel rows·columns)×(output positions); a position's kernels are contiguous, outputs innermost.
    public let weights: TensorLayout
    public var gradient: TensorLayout { weights }
    /// O×(output positions).
    public let biases: TensorLayout?
    public let implementations = ["gemm:local"]

    private let geometry: Geometry
    private let accumulates: Bool
    private let activation: Activation?
    private let scratch: ScratchMemory
    private let engine: Engine
    /// Layouts of the matrices, channels last; reorders convert them from and to the layouts of the activations.
    private let source: TensorLayout
    private let destination: TensorLayout
    /// The biases or their gradients in the order of an image: positions×O.
    private let positionBiases: TensorBuffer

    /// - Parameters:
    ///   - source: layout of the input, N×C×H×W.
    ///   - destination: layout of the output, N×O×H×W.
    ///   - size: rows and columns of a kernel.
    ///   - biases: whether this part of the layer adds the biases.
    ///   - accumulates: whether the result is added to the destination's content.
    ///   - activation: applied last.
    /// - Throws: `KernelError` unless both layouts are of 32-bit floats.
    public init(
        source: TensorLayout, destination: TensorLayout, size: Int, stride: Int, padding: Int, biases: Bool,
        accumulates: Bool, activation: Activation?, scratch: ScratchMemory, engine: Engine
    ) throws {
        guard source.type == .float32, destination.type == .float32 else {
            throw KernelError("locally connected layers are computed in fp32 only; set precision=fp32")
        }
        geometry = Geometry(source: source.shape, destination: destination.shape, size: size, stride: stride, padding: padding)
        let (outputs, positions) = (geometry.outputs, geometry.positions)
        weights = try TensorLayout(Shape(outputs, geometry.channels, size * size, positions), axes: [3, 2, 1, 0])
        self.biases = biases ? try TensorLayout(plain: Shape(outputs, positions)) : nil
        self.source = try TensorLayout(channelsLast: source.shape, .float32)
        self.destination = try TensorLayout(channelsLast: destination.shape, .float32)
        (self.accumulates, self.activation, self.scratch, self.engine) = (accumulates, activation, scratch, engine)
        positionBiases = try TensorBuffer.allocate(floats: positions * outputs)
    }

    public func output(source: Operand, weights: Operand, biases: Operand?, destination: Operand) throws -> any PlannedCall {
        var staging = Staging(scratch: scratch, engine: engine)
        let from = try staging.input(source, as: self.source, .source)
        // Input and output share one scratch area, so the result is added to the destination's content.
        if accumulates { _ = try staging.input(destination, as: self.destination, .destination) }
        let to = try staging.output(destination, as: self.destination, .destination)
        let last = try activation?.forward(destination, scratch: scratch, engine: engine)
        return staging.call(last: last) { [self] parity in
            let (pixels, kernels, results) = (from.start(parity), weights.start(parity), to.start(parity))
            let ordered = positionBiases.floats.baseAddress!
            if let biases = biases?.start(parity) {
                geometry.forEachBias { ordered[$1] = biases[$0] }
            }
            try inParallel(over: geometry.batch) { images in
                let (pixels, results) = (pixels + images.lowerBound * geometry.image, results + images.lowerBound * geometry.result)
                if !accumulates {
                    for image in 0..<images.count {
                        let result = results + image * geometry.result
                        if biases == nil {
                            result.update(repeating: 0, count: geometry.result)
                        } else {
                            result.update(from: ordered, count: geometry.result)
                        }
                    }
                }
                try geometry.forEachRow(0..<geometry.positions) { row in
                    try multiply(
                        ("N", pixels + row.pixels, geometry.image), ("N", kernels + row.weights, geometry.outputs),
                        (results + row.result, geometry.result),
                        rows: images.count, columns: geometry.outputs, inner: row.length, accumulates: true)
                }
            }
        }
    }

    public func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> any PlannedCall {
        var staging = Staging(scratch: scratch, engine: engine)
        let from = try staging.input(destination, as: self.destination, .destination)
        let to = try staging.output(source, as: self.source, .source)
        return staging.call { [self] parity in
            let (results, kernels, pixels) = (from.start(parity), weights.start(parity), to.start(parity))
            try inParallel(over: geometry.batch) { images in
                let (pixels, results) = (pixels + images.lowerBound * geometry.image, results + images.lowerBound * geometry.result)
                // Several positions may read a pixel, or none, so gradients are added to zero.
                pixels.update(repeating: 0, count: images.count * geometry.image)
                try geometry.forEachRow(0..<geometry.positions) { row in
                    try multiply(
                        ("N", results + row.result, geometry.result), ("T", kernels + row.weights, geometry.outputs),
                        (pixels + row.pixels, geometry.image),
                        rows: images.count, columns: row.length, inner: geometry.outputs, accumulates: true)
                }
            }
        }
    }

    public func parameterGradient(
        source: Operand, destination: Operand, weights: Operand, biases: Operand?
    ) throws -> any PlannedCall {
        var staging = Staging(scratch: scratch, engine: engine)
        let from = try staging.input(source, as: self.source, .source)
        let to = try staging.input(destination, as: self.destination, .destination)
        return staging.call { [self] parity in
            let (pixels, results, kernels) = (from.start(parity), to.start(parity), weights.start(parity))
            let ordered = positionBiases.floats.baseAddress!
            try inParallel(over: geometry.positions) { positions in
                for position in positions where geometry.reachesOverBorder(position) {
                    // Weights outside the input have no gradient, and no product below writes them.
                    (kernels + position * geometry.kernels).update(repeating: 0, count: geometry.kernels)
                }
                try geometry.forEachRow(positions) { row in
                    try multiply(
                        ("T", pixels + row.pixels, geometry.image), ("N", results + row.result, geometry.result),
                        (kernels + row.weights, geometry.outputs),
                        rows: row.length, columns: geometry.outputs, inner: geometry.batch, accumulates: false)
                }
                guard biases != nil else { return }
                let units = positions.lowerBound * geometry.outputs..<positions.upperBound * geometry.outputs
                (ordered + units.lowerBound).update(repeating: 0, count: units.count)
                for image in 0..<geometry.batch {
                    let result = results + image * geometry.result
                    for unit in units { ordered[unit] += result[unit] }
                }
            }
            if let biases = biases?.start(parity) {
                geometry.forEachBias { biases[$0] = ordered[$1] }
            }
        }
    }

    /// Divides `count` images or positions among the threads that kernels use.
    private func inParallel(over count: Int, _ body: (Range<Int>) throws -> Void) throws {
        let failed = Mutex<(any Error)?>(nil)
        Engine.inParallel { thread, threads in
            let own = count * thread / threads..<count * (thread + 1) / threads
            guard !own.isEmpty else { return }
            do { try body(own) } catch { failed.withLock { $0 = error } }
        }
        if let error = failed.withLock({ $0 }) { throw error }
    }

    /// A matrix: its first element and the distance between rows, in elements. "T" means that it is stored transposed.
    private typealias Factor = (transposed: Character, values: UnsafeMutablePointer<Float>, stride: Int)

    /// result = (result +) a · b, row-major.
    private func multiply(
        _ a: Factor, _ b: Factor, _ result: (values: UnsafeMutablePointer<Float>, stride: Int), rows: Int, columns: Int,
        inner: Int, accumulates: Bool
    ) throws {
        func flag(_ character: Character) -> CChar { CChar(character.asciiValue!) }
        try check(
            dnnl_sgemm(
                flag(a.transposed), flag(b.transposed), dnnl_dim_t(rows), dnnl_dim_t(columns), dnnl_dim_t(inner), 1,
                a.values, dnnl_dim_t(a.stride), b.values, dnnl_dim_t(b.stride), accumulates ? 1 : 0, result.values,
                dnnl_dim_t(result.stride)),
            "multiply matrices")
    }
}

extension Operand {
    fileprivate func start(_ parity: BufferParity) -> UnsafeMutablePointer<Float> { memory(parity).buffer.floats.baseAddress! }
}

/// The output's positions and the part of the input that each reads. Offsets count floats, with channels last.
private struct Geometry {
    let batch: Int
    let channels: Int
    let outputs: Int
    /// Rows and columns of the input.
    let input: (Int, Int)
    /// Rows and columns of the output.
    let output: (Int, Int)
    let size: Int
    let stride: Int
    let padding: Int

    init(source: Shape, destination: Shape, size: Int, stride: Int, padding: Int) {
        (batch, channels, outputs) = (source[0], source[1], destination[1])
        (input, output) = ((source[2], source[3]), (destination[2], destination[3]))
        (self.size, self.stride, self.padding) = (size, stride, padding)
    }

    var positions: Int { output.0 * output.1 }
    /// The number of inputs of one unit.
    var patch: Int { size * size * channels }
    /// The number of weights of one position.
    var kernels: Int { outputs * patch }
    /// The number of input values of one image.
    var image: Int { input.0 * input.1 * channels }
    /// The number of output values of one image.
    var result: Int { positions * outputs }

    /// The part of one row of a position's kernels that lies within the input.
    struct Row {
        /// Offset of its first pixel in an image.
        let pixels: Int
        /// Offset of its first weight.
        let weights: Int
        /// Offset of the position's results in an image.
        let result: Int
        /// The number of values: pixels times channels.
        let length: Int
    }

    @inline(__always)
    func forEachRow(_ positions: Range<Int>, _ body: (Row) throws -> Void) rethrows {
        for position in positions {
            let (top, left) = corner(position)
            let (first, end) = (max(0, -left), min(size, input.1 - left))
            guard first < end else { continue }
            for y in 0..<size where top + y >= 0 && top + y < input.0 {
                try body(
                    Row(
                        pixels: ((top + y) * input.1 + left + first) * channels,
                        weights: position * kernels + (y * size + first) * channels * outputs, result: position * outputs,
                        length: (end - first) * channels))
            }
        }
    }

    func reachesOverBorder(_ position: Int) -> Bool {
        let (top, left) = corner(position)
        return top < 0 || left < 0 || top + size > input.0 || left + size > input.1
    }

    private func corner(_ position: Int) -> (top: Int, left: Int) {
        (position / output.1 * stride - padding, position % output.1 * stride - padding)
    }

    /// Calls `body` with each bias's offset in the parameter tensor and in an image of the output.
    func forEachBias(_ body: (Int, Int) -> Void) {
        for position in 0..<positions {
            for unit in 0..<outputs { body(unit * positions + position, position * outputs + unit) }
        }
    }
}
