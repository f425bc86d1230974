import NeuralNetwork
public import Partition
import Tensors

/// A model of an accelerator: the rates from which kernel times follow. After its launch, a kernel takes the longer of its arithmetic and
/// its memory traffic (the roofline model).
public struct DeviceModel: Codable, Sendable, Equatable {
    public let name: String
    /// Multiplications and additions per second that its convolutions and matrix products reach.
    public let flops: Double
    /// Bytes per second of its memory.
    public let memoryBandwidth: Double
    /// Seconds to launch a kernel.
    public let launch: Double
    /// Bytes per second in each direction between accelerators of one host.
    public let peerBandwidth: Double

    private enum CodingKeys: String, CodingKey {
        case name, flops, launch
        case memoryBandwidth = "memory_bandwidth"
        case peerBandwidth = "peer_bandwidth"
    }

    public init(name: String, flops: Double, memoryBandwidth: Double, launch: Double, peerBandwidth: Double) {
        (self.name, self.flops, self.memoryBandwidth, self.launch) = (name, flops, memoryBandwidth, launch)
        self.peerBandwidth = peerBandwidth
    }

    /// A sentence that says which value is invalid, and the valid range; nil if all are valid.
    public var problem: String? {
        for (key, value, minimum, maximum) in [
            ("flops", flops, 1e6, 1e18), ("memory_bandwidth", memoryBandwidth, 1e6, 1e15), ("launch", launch, 0, 1),
            ("peer_bandwidth", peerBandwidth, 1e3, 1e15),
        ] where !(minimum...maximum).contains(value) {
            return "the device \(name) has \(key) \(value); write a number from \(minimum) to \(maximum)"
        }
        return nil
    }

    /// Devices that are available by name. Their rates are those reached in practice, not the peak rates of data sheets.
    public static let known = [
        // The GPU of the paper (§3.5). Peak 1.58 TFLOP/s, of which cuda-convnet's kernels reached about half; 192 GB/s; PCIe 2.0.
        DeviceModel(name: "gtx580", flops: 0.75e12, memoryBandwidth: 150e9, launch: 10e-6, peerBandwidth: 6e9),
        // The GPU of "One weird trick". Peak 3.5 TFLOP/s; 208 GB/s; PCIe 2.0.
        DeviceModel(name: "k20", flops: 1.5e12, memoryBandwidth: 150e9, launch: 8e-6, peerBandwidth: 6e9),
        // A recent accelerator with 16-bit matrix units; its NVLink reaches a third of its peak.
        DeviceModel(name: "a100", flops: 80e12, memoryBandwidth: 1.3e12, launch: 4e-6, peerBandwidth: 100e9),
    ]
}

extension DeviceModel: KernelTimes {
    public var basis: String { "modelled: \(name)" }
    /// An update reads and writes a value and a momentum and reads a gradient, each of 4 bytes.
    public var updateSeconds: Double { 20 / memoryBandwidth }
    public var columnBytes: Int { 0 }
    public var overhead: Double { 0 }
    public var usesCores: Bool { false }

    public func times(of program: WorkerProgram) -> [[Double]] {
        let blocks = Dictionary(uniqueKeysWithValues: program.blocks.map { ($0.key, $0) })
        return program.instructions.map { instruction in
            guard case .compute(let computation) = instruction else { return [] }
            return [max(computation.flops / flops, Double(bytes(computation, program, blocks)) / memoryBandwidth) + launch]
        }
    }

    /// Returns the bytes that a kernel reads and writes if it accesses each operand once.
    private func bytes(_ computation: Computation, _ program: WorkerProgram, _ blocks: [ParameterBlock.Key: ParameterBlock]) -> Int {
        let (layer, column) = (computation.layer, computation.column)
        let shapes = program.shapes[layer]
        func elements(_ shape: Shape) -> Int { program.columnShape(shape, column: column).count }
        func weights(_ source: Int) -> Int {
            blocks[.init(layer: layer, kind: .weight, column: column, source: source)]?.shape.count ?? 0
        }
        let (output, result) = (elements(shapes.output), elements(shapes.result))
        let input = layer == 0 ? program.batch * shapes.input.count : elements(shapes.input)
        switch computation.kind {
        case .output(let source, _, _), .inputGradient(let source), .parameterGradient(let source):
            return 4 * (input + output + weights(source))
        // Each stage reads and writes once; normalization reads neighbouring channels from the cache.
        case .stages, .stagesGradient: return 4 * (1 + program.network.layers[layer].then.count) * (output + result)
        case .loss: return 4 * 3 * program.batch * program.network.classes
        case .sumGradients: return 4 * (program.layout.columns + 1) * result
        }
    }
}
