import COneDNN
import Synchronization
import Tensors

/// A convolution whose kernels differ from place to place, which oneDNN does not have. With channels last the pixels under a
/// row of a kernel lie together in every image, so each place and row is one matrix product where they lie, without gathering.
/// Threads share out the images, or the places: products are too small to be shared out themselves.
public final class LocalConnection: WeightedOperation {
    /// O×I×(rows·columns of a kernel)×(places of the output); a place's kernels lie together, outputs innermost.
    public let weights: TensorLayout
    public var gradient: TensorLayout { weights }
    /// O×(places of the output).
    public let biases: TensorLayout?
    public let implementations = ["gemm:local"]

    private let geometry: Geometry
    private let accumulates: Bool
    private let activation: Activation?
    private let scratch: ScratchMemory
    private let engine: Engine
    /// The matrices' layouts, channels last; reorders stand between them and the activations outside.
    private let source: TensorLayout
    private let destination: TensorLayout
    /// The biases, or their gradients, as an image has them: (places)×O.
    private let placedBiases: TensorBuffer

    /// - Parameters:
    ///   - source: layout of the input, N×C×H×W.
    ///   - destination: layout of the output.
    ///   - size: rows and columns of a kernel.
    ///   - biases: whether this part of the layer brings them.
    ///   - accumulates: whether the result is added to what the destination holds.
    ///   - activation: applied last.
    public init(
        source: TensorLayout, destination: TensorLayout, size: Int, stride: Int, padding: Int, biases: Bool,
        accumulates: Bool, activation: Activation?, scratch: ScratchMemory, engine: Engine
    ) throws {
        guard source.type == .float32, destination.type == .float32 else {
            throw KernelError("locally connected layers are computed in fp32 only; set precision=fp32")
        }
        geometry = Geometry(source: source.shape, destination: destination.shape, size: size, stride: stride, padding: padding)
        let (outputs, places) = (geometry.outputs, geometry.places)
        weights = try TensorLayout(Shape(outputs, geometry.channels, size * size, places), axes: [3, 2, 1, 0])
        self.biases = biases ? try TensorLayout(plain: Shape(outputs, places)) : nil
        self.source = try TensorLayout(channelsLast: source.shape, .float32)
        self.destination = try TensorLayout(channelsLast: destination.shape, .float32)
        (self.accumulates, self.activation, self.scratch, self.engine) = (accumulates, activation, scratch, engine)
        placedBiases = try TensorBuffer.allocate(floats: places * outputs)
    }

    public func output(source: Operand, weights: Operand, biases: Operand?, destination: Operand) throws -> any PlannedCall {
        var staging = Staging(scratch: scratch, engine: engine)
        let from = try staging.enter(source, as: self.source, .source)
        // The same area twice: what it holds is added to.
        if accumulates { _ = try staging.enter(destination, as: self.destination, .destination) }
        let to = try staging.leave(destination, as: self.destination, .destination)
        let last = try activation?.forward(destination, scratch: scratch, engine: engine)
        return staging.call(last: last) { [self] turn in
            let (pixels, kernels, results) = (from.start(turn), weights.start(turn), to.start(turn))
            let placed = placedBiases.floats.baseAddress!
            if let biases = biases?.start(turn) {
                geometry.forEachBias { placed[$1] = biases[$0] }
            }
            try inParallel(over: geometry.batch) { images in
                let (pixels, results) = (pixels + images.lowerBound * geometry.image, results + images.lowerBound * geometry.result)
                if !accumulates {
                    for image in 0..<images.count {
                        let result = results + image * geometry.result
                        if biases == nil {
                            result.update(repeating: 0, count: geometry.result)
                        } else {
                            result.update(from: placed, count: geometry.result)
                        }
                    }
                }
                try geometry.forEachRow(0..<geometry.places) { row in
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
        let from = try staging.enter(destination, as: self.destination, .destination)
        let to = try staging.leave(source, as: self.source, .source)
        return staging.call { [self] turn in
            let (results, kernels, pixels) = (from.start(turn), weights.start(turn), to.start(turn))
            try inParallel(over: geometry.batch) { images in
                let (pixels, results) = (pixels + images.lowerBound * geometry.image, results + images.lowerBound * geometry.result)
                // A pixel lies under several places, or under none.
                pixels.update(repeating: 0, count: images.count * geometry.image)
                try geometry.forEachRow(0..<geometry.places) { row in
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
        let from = try staging.enter(source, as: self.source, .source)
        let to = try staging.enter(destination, as: self.destination, .destination)
        return staging.call { [self] turn in
            let (pixels, results, kernels) = (from.start(turn), to.start(turn), weights.start(turn))
            let placed = placedBiases.floats.baseAddress!
            try inParallel(over: geometry.places) { places in
                for place in places where geometry.reachesOverBorder(place) {
                    // What lies beyond the border learns nothing.
                    (kernels + place * geometry.kernels).update(repeating: 0, count: geometry.kernels)
                }
                try geometry.forEachRow(places) { row in
                    try multiply(
                        ("T", pixels + row.pixels, geometry.image), ("N", results + row.result, geometry.result),
                        (kernels + row.weights, geometry.outputs),
                        rows: row.length, columns: geometry.outputs, inner: geometry.batch, accumulates: false)
                }
                guard biases != nil else { return }
                let units = places.lowerBound * geometry.outputs..<places.upperBound * geometry.outputs
                (placed + units.lowerBound).update(repeating: 0, count: units.count)
                for image in 0..<geometry.batch {
                    let result = results + image * geometry.result
                    for unit in units { placed[unit] += result[unit] }
                }
            }
            if let biases = biases?.start(turn) {
                geometry.forEachBias { biases[$0] = placed[$1] }
            }
        }
    }

    /// Shares `count` images or places out over the threads that kernels use.
    private func inParallel(over count: Int, _ body: (Range<Int>) throws -> Void) throws {
        let failed = Mutex<(any Error)?>(nil)
        Engine.inParallel { thread, threads in
            let own = count * thread / threads..<count * (thread + 1) / threads
            guard !own.isEmpty else { return }
            do { try body(own) } catch { failed.withLock { $0 = error } }
        }
        if let error = failed.withLock({ $0 }) { throw error }
    }

    /// A matrix as its first element and the distance of its rows; "T" means that the factor is stored transposed.
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
    fileprivate func start(_ turn: Turn) -> UnsafeMutablePointer<Float> { memory(turn).buffer.floats.baseAddress! }
}

/// The places of the output, and what of the input lies under each; offsets count floats, channels last.
private struct Geometry {
    let batch: Int
    let channels: Int
    let outputs: Int
    /// Rows and columns.
    let input: (Int, Int)
    let output: (Int, Int)
    let size: Int
    let stride: Int
    let padding: Int

    init(source: Shape, destination: Shape, size: Int, stride: Int, padding: Int) {
        (batch, channels, outputs) = (source[0], source[1], destination[1])
        (input, output) = ((source[2], source[3]), (destination[2], destination[3]))
        (self.size, self.stride, self.padding) = (size, stride, padding)
    }

    var places: Int { output.0 * output.1 }
    /// Inputs of one unit.
    var patch: Int { size * size * channels }
    /// Weights of one place.
    var kernels: Int { outputs * patch }
    /// Values of one image, before and after.
    var image: Int { input.0 * input.1 * channels }
    var result: Int { places * outputs }

    /// The part of a row of a place's kernels that lies within the input.
    struct Row {
        /// Offset of its first pixel in an image.
        let pixels: Int
        /// Offset of its first weight.
        let weights: Int
        /// Offset of the place's results in an image.
        let result: Int
        /// Channels of all its pixels.
        let length: Int
    }

    @inline(__always)
    func forEachRow(_ places: Range<Int>, _ body: (Row) throws -> Void) rethrows {
        for place in places {
            let (top, left) = corner(place)
            let (first, end) = (max(0, -left), min(size, input.1 - left))
            guard first < end else { continue }
            for y in 0..<size where top + y >= 0 && top + y < input.0 {
                try body(
                    Row(
                        pixels: ((top + y) * input.1 + left + first) * channels,
                        weights: place * kernels + (y * size + first) * channels * outputs, result: place * outputs,
                        length: (end - first) * channels))
            }
        }
    }

    func reachesOverBorder(_ place: Int) -> Bool {
        let (top, left) = corner(place)
        return top < 0 || left < 0 || top + size > input.0 || left + size > input.1
    }

    private func corner(_ place: Int) -> (top: Int, left: Int) {
        (place / output.1 * stride - padding, place % output.1 * stride - padding)
    }

    /// Calls `body` with every bias's offset among the parameters and in an image of the output.
    func forEachBias(_ body: (Int, Int) -> Void) {
        for place in 0..<places {
            for unit in 0..<outputs { body(unit * places + place, place * outputs + unit) }
        }
    }
}
