import COneDNN
import Tensors

/// A convolution whose kernels differ from place to place, which oneDNN does not have: at each place of the output one
/// matrix product of the pixels under it with the kernels of that place.
public final class LocalConnection: WeightedOperation {
    /// O×I×(rows·columns of a kernel)×(places of the output); a place's kernels lie together, channels innermost.
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
    /// The pixels under one place, N×(I·kernel), and what the place gives, N×O.
    private let patches: TensorBuffer
    private let results: TensorBuffer

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
        geometry = try Geometry(
            source: ChannelLayout(source), destination: ChannelLayout(destination), size: size, stride: stride,
            padding: padding)
        let (outputs, places) = (destination.shape[1], geometry.places)
        weights = try TensorLayout(Shape(outputs, source.shape[1], size * size, places), axes: [3, 0, 2, 1])
        self.biases = biases ? try TensorLayout(plain: Shape(outputs, places)) : nil
        (self.accumulates, self.activation, self.scratch, self.engine) = (accumulates, activation, scratch, engine)
        patches = try TensorBuffer.allocate(floats: geometry.batch * geometry.patch)
        results = try TensorBuffer.allocate(floats: geometry.batch * outputs)
    }

    public func output(source: Operand, weights: Operand, biases: Operand?, destination: Operand) throws -> any PlannedCall {
        let last = try activation?.forward(destination, scratch: scratch, engine: engine)
        return LocalCall { [self] turn in
            let (from, to) = (source.memory(turn).buffer.floats, destination.memory(turn).buffer.floats)
            let (kernels, bias) = (weights.memory(turn).buffer.floats, biases?.memory(turn).buffer.floats)
            for place in 0..<geometry.places {
                geometry.gather(place, from: from, into: patches.floats)
                if accumulates {
                    geometry.take(place, from: to, into: results.floats)
                } else {
                    geometry.fill(place, biases: bias, into: results.floats)
                }
                try multiply(
                    ("N", patches), ("T", kernels.baseAddress! + place * geometry.kernels), results.floats.baseAddress!,
                    rows: geometry.batch, columns: geometry.outputs, inner: geometry.patch, accumulates: true)
                geometry.put(place, results.floats, into: to)
            }
            try last?.run(turn)
        }
    }

    public func inputGradient(destination: Operand, weights: Operand, source: Operand) throws -> any PlannedCall {
        LocalCall { [self] turn in
            let (from, to) = (destination.memory(turn).buffer.floats, source.memory(turn).buffer.floats)
            let kernels = weights.memory(turn).buffer.floats
            to.update(repeating: 0)
            for place in 0..<geometry.places {
                geometry.take(place, from: from, into: results.floats)
                try multiply(
                    ("N", results), ("N", kernels.baseAddress! + place * geometry.kernels),
                    patches.floats.baseAddress!, rows: geometry.batch, columns: geometry.patch, inner: geometry.outputs,
                    accumulates: false)
                geometry.spread(place, patches.floats, onto: to)
            }
        }
    }

    public func parameterGradient(
        source: Operand, destination: Operand, weights: Operand, biases: Operand?
    ) throws -> any PlannedCall {
        LocalCall { [self] turn in
            let (from, to) = (source.memory(turn).buffer.floats, destination.memory(turn).buffer.floats)
            let (kernels, bias) = (weights.memory(turn).buffer.floats, biases?.memory(turn).buffer.floats)
            for place in 0..<geometry.places {
                geometry.gather(place, from: from, into: patches.floats)
                geometry.take(place, from: to, into: results.floats)
                try multiply(
                    ("T", results), ("N", patches.floats.baseAddress!), kernels.baseAddress! + place * geometry.kernels,
                    rows: geometry.outputs, columns: geometry.patch, inner: geometry.batch, accumulates: false)
                if let bias { geometry.sum(place, results.floats, into: bias) }
            }
        }
    }

    /// result = (result +) a · b, row-major; "T" means that the factor is stored transposed.
    private func multiply(
        _ a: (transposed: Character, values: TensorBuffer), _ b: (transposed: Character, values: UnsafeMutablePointer<Float>),
        _ result: UnsafeMutablePointer<Float>, rows: Int, columns: Int, inner: Int, accumulates: Bool
    ) throws {
        func flag(_ character: Character) -> CChar { CChar(character.asciiValue!) }
        try check(
            dnnl_sgemm(
                flag(a.transposed), flag(b.transposed), dnnl_dim_t(rows), dnnl_dim_t(columns), dnnl_dim_t(inner), 1,
                a.values.floats.baseAddress, dnnl_dim_t(a.transposed == "T" ? rows : inner), b.values,
                dnnl_dim_t(b.transposed == "T" ? inner : columns), accumulates ? 1 : 0, result, dnnl_dim_t(columns)),
            "multiply matrices")
    }
}

/// A planned call that is a loop of ours.
private final class LocalCall: PlannedCall {
    private let body: (Turn) throws -> Void
    init(_ body: @escaping (Turn) throws -> Void) { self.body = body }
    func run(_ turn: Turn) throws { try body(turn) }
}

/// Where the elements of N×C×H×W lie, with channels in blocks or row by row.
private struct ChannelLayout {
    let batch: Int
    let channels: Int
    let height: Int
    let width: Int
    /// Channels that lie together.
    let block: Int
    /// Of image, block of channels, row and column.
    let strides: [Int]

    init(_ layout: TensorLayout) throws {
        let blocked = try layout.blocked()
        guard blocked.extents.count == 4, blocked.innerBlocks.isEmpty || blocked.innerAxes == [1] else {
            throw KernelError("a locally connected layer cannot read \(layout)")
        }
        (batch, channels) = (blocked.extents[0], blocked.extents[1])
        (height, width) = (blocked.extents[2], blocked.extents[3])
        (block, strides) = (blocked.innerBlocks.first ?? 1, blocked.strides)
    }

    /// Calls `body` with (first channel, its offset, channels that follow it in memory) of every block of one pixel.
    @inline(__always)
    func forEachBlock(image: Int, row: Int, column: Int, _ body: (Int, Int, Int) -> Void) {
        var offset = image * strides[0] + row * strides[2] + column * strides[3]
        var channel = 0
        while channel < channels {
            body(channel, offset, min(block, channels - channel))
            channel += block
            offset += strides[1]
        }
    }
}

/// The places of the output, and what of the input lies under each.
private struct Geometry {
    typealias Values = UnsafeMutableBufferPointer<Float>
    let source: ChannelLayout
    let destination: ChannelLayout
    let size: Int
    let stride: Int
    let padding: Int

    var batch: Int { source.batch }
    var outputs: Int { destination.channels }
    var places: Int { destination.height * destination.width }
    /// Inputs of one unit.
    var patch: Int { size * size * source.channels }
    /// Weights of one place.
    var kernels: Int { outputs * patch }

    /// Copies the pixels under a place, image by image; zeros where the kernel reaches over the border.
    func gather(_ place: Int, from values: Values, into patches: Values) {
        patches.update(repeating: 0)
        forEachRun(place) { offset, at, length in
            for i in 0..<length { patches[at &+ i] = values[offset &+ i] }
        }
    }

    /// Adds what `gather` would have taken.
    func spread(_ place: Int, _ patches: Values, onto values: Values) {
        forEachRun(place) { offset, at, length in
            for i in 0..<length { values[offset &+ i] += patches[at &+ i] }
        }
    }

    /// Calls `body` with (offset in the source, offset in the patches, length).
    @inline(__always)
    private func forEachRun(_ place: Int, _ body: (Int, Int, Int) -> Void) {
        let top = place / destination.width * stride - padding
        let left = place % destination.width * stride - padding
        for image in 0..<batch {
            for y in 0..<size where top + y >= 0 && top + y < source.height {
                for x in 0..<size where left + x >= 0 && left + x < source.width {
                    let start = image * patch + (y * size + x) * source.channels
                    source.forEachBlock(image: image, row: top + y, column: left + x) { channel, offset, length in
                        body(offset, start + channel, length)
                    }
                }
            }
        }
    }

    func fill(_ place: Int, biases: Values?, into results: Values) {
        guard let biases else { return results.update(repeating: 0) }
        for image in 0..<batch {
            for output in 0..<outputs { results[image * outputs + output] = biases[output * places + place] }
        }
    }

    /// A place's values of every image and channel, N×O.
    func take(_ place: Int, from values: Values, into results: Values) {
        forEachResult(place) { offset, at, length in
            for i in 0..<length { results[at &+ i] = values[offset &+ i] }
        }
    }

    func put(_ place: Int, _ results: Values, into values: Values) {
        forEachResult(place) { offset, at, length in
            for i in 0..<length { values[offset &+ i] = results[at &+ i] }
        }
    }

    @inline(__always)
    private func forEachResult(_ place: Int, _ body: (Int, Int, Int) -> Void) {
        for image in 0..<batch {
            destination.forEachBlock(image: image, row: place / destination.width, column: place % destination.width) {
                body($1, image * outputs + $0, $2)
            }
        }
    }

    /// The gradients of a place's biases: sums over the images.
    func sum(_ place: Int, _ results: Values, into biases: Values) {
        for output in 0..<outputs {
            var total: Float = 0
            for image in 0..<batch { total += results[image * outputs + output] }
            biases[output * places + place] = total
        }
    }
}
