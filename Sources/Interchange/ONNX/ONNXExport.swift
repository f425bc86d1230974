public import Foundation
public import NeuralNetwork
import SwiftProtobuf
import Tensors

/// Exports a trained network as ONNX.
///
/// The input `image` is RGB with values 0–255, NCHW; the outputs are `logits` and `probabilities`, N×classes. The graph
/// subtracts the centre of the mean image. Dropout becomes the multiplication at test time (paper §4.2).
public enum ONNXExport {
    /// Opset 13 of ai.onnx, which all recent runtimes support.
    private static let opset: Int64 = 13
    private static let irVersion: Int64 = 8

    /// Returns the content of an ONNX file.
    /// - Throws: `NetworkError` or `SafetensorsError` if the checkpoint does not fit its network.
    public static func model(_ checkpoint: Checkpoint, version: String) throws -> Data {
        var builder = Builder(checkpoint)
        let graph = try builder.graph()
        var model = ONNXModelProto()
        model.irVersion = irVersion
        (model.producerName, model.producerVersion) = ("colonnade", version)
        model.opsetImport = [.with { $0.version = opset }]
        model.graph = graph
        let classes = try JSONEncoder().encode(checkpoint.state.classes)
        model.metadataProps = [.with { ($0.key, $0.value) = ("classes", String(decoding: classes, as: UTF8.self)) }]
        return try model.serializedData()
    }

    private struct Builder {
        let checkpoint: Checkpoint
        private var nodes: [ONNXNodeProto] = []
        private var initializers: [ONNXTensorProto] = []
        /// The name of the value that the next node reads.
        private var current = "image"

        init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

        private var configuration: RunConfiguration { checkpoint.state.configuration }
        private var network: NetworkSpecification { configuration.network }

        mutating func graph() throws -> ONNXGraphProto {
            try center()
            let shapes = try network.shapes()
            for (index, layer) in network.layers.enumerated() {
                try add(layer, index, shapes[index])
            }
            nodes[nodes.count - 1].output = ["logits"]
            current = "logits"
            add("Softmax", [], output: "probabilities", [integer("axis", 1)])
            let input = network.input
            return .with {
                $0.name = "colonnade"
                $0.node = nodes
                $0.initializer = initializers
                $0.input = [value("image", [input.channels, input.height, input.width])]
                $0.output = [value("logits", [network.classes]), value("probabilities", [network.classes])]
            }
        }

        /// Adds nodes that subtract the centre of the mean image and scale the result.
        private mutating func center() throws {
            let (stored, input) = (checkpoint.state.stored, network.input)
            let (top, left) = ((stored[1] - input.height) / 2, (stored[2] - input.width) / 2)
            guard stored[0] == input.channels, top >= 0, left >= 0 else {
                throw NetworkError("\(checkpoint.path): the mean image is smaller than the network's input; export another checkpoint")
            }
            let mean = (0..<input.channels).flatMap { channel in
                (0..<input.height).flatMap { row in
                    let start = (channel * stored[1] + top + row) * stored[2] + left
                    return checkpoint.mean[start..<start + input.width]
                }
            }
            constant("mean", [1, input.channels, input.height, input.width], mean)
            add("Sub", ["mean"], output: "centered")
            guard configuration.recipe.data.scale != 1 else { return }
            constant("scale", [], [configuration.recipe.data.scale])
            add("Mul", ["scale"], output: "scaled")
        }

        private mutating func add(_ layer: LayerSpecification, _ index: Int, _ shapes: LayerShapes) throws {
            let name = layer.name
            let groups = layer.reads == .own && index > 0 ? network.columns : 1
            switch layer.operation {
            case .convolution(let convolution):
                try parameter("\(name).weight")
                try parameter("\(name).bias")
                add(
                    "Conv", ["\(name).weight", "\(name).bias"], output: name,
                    window(convolution) + [integer("group", groups)])
            case .innerProduct:
                try parameter("\(name).weight")
                try parameter("\(name).bias")
                if shapes.input.rank > 1 { add("Flatten", [], output: "\(name).inputs", [integer("axis", 1)]) }
                add("Gemm", ["\(name).weight", "\(name).bias"], output: name, [integer("transB", 1)])
            case .locallyConnected(let local): try addLocal(layer, local, groups: groups, shapes)
            }
            for (index, stage) in layer.then.enumerated() { add(stage, "\(name).\(index)") }
        }

        /// Adds a locally connected layer, which ONNX lacks. A convolution with one-hot kernels collects the patch at each
        /// output position; a sum over the patch with that position's own kernels follows.
        private mutating func addLocal(
            _ layer: LayerSpecification, _ local: ConvolutionSpecification, groups: Int, _ shapes: LayerShapes
        ) throws {
            let (name, area) = (layer.name, local.size * local.size)
            let (inputs, outputs) = (shapes.input[0], shapes.output[0])
            let positions = shapes.output.extents.dropFirst().reduce(1, *)
            // A depthwise convolution: `area` one-hot kernels for each input channel.
            let oneHot = (0..<inputs * area).flatMap { kernel in (0..<area).map { $0 == kernel % area ? Float(1) : 0 } }
            constant("\(name).patches.weight", [inputs * area, 1, local.size, local.size], oneHot)
            add("Conv", ["\(name).patches.weight"], output: "\(name).patches", window(local) + [integer("group", inputs)])
            let share = inputs / groups * area
            shape("\(name).grouped.shape", [0, groups, share, positions])
            add("Reshape", ["\(name).grouped.shape"], output: "\(name).grouped")
            try parameter("\(name).weight", as: [groups, outputs / groups, share, positions])
            add("Einsum", ["\(name).weight"], output: "\(name).sums", [text("equation", "ngkp,gokp->ngop")])
            shape("\(name).flat.shape", [0, outputs, positions])
            add("Reshape", ["\(name).flat.shape"], output: "\(name).flat")
            try parameter("\(name).bias")
            add("Add", ["\(name).bias"], output: "\(name).biased")
            shape("\(name).shape", [0] + shapes.output.extents)
            add("Reshape", ["\(name).shape"], output: name)
        }

        private mutating func add(_ stage: LayerStage, _ name: String) {
            switch stage {
            case .relu: add("Relu", [], output: "\(name).relu")
            case .tanh: add("Tanh", [], output: "\(name).tanh")
            case .maxPooling(let pooling):
                add(
                    "MaxPool", [], output: "\(name).pooled",
                    [integers("kernel_shape", [pooling.size, pooling.size]), integers("strides", [pooling.stride, pooling.stride])])
            case .dropout(let stated):
                let probability = configuration.recipe.dropout ?? stated
                guard probability > 0 else { return }
                constant("\(name).kept", [], [1 - probability])
                add("Mul", ["\(name).kept"], output: "\(name).scaled")
            case .normalization(let normalization): add(normalization, name)
            }
        }

        /// Adds local response normalization within each column. Alpha is multiplied by the size, because ONNX divides by it
        /// and the paper does not.
        private mutating func add(_ normalization: NormalizationSpecification, _ name: String) {
            let attributes = [
                integer("size", normalization.size), number("alpha", normalization.alpha * Float(normalization.size)),
                number("beta", normalization.beta), number("bias", normalization.k),
            ]
            guard network.columns > 1 else { return add("LRN", [], output: "\(name).normalized", attributes) }
            let columns = (0..<network.columns).map { "\(name).column\($0)" }
            nodes.append(node("Split", [current], columns, [integer("axis", 1)]))
            let results = columns.map { "\($0).normalized" }
            for (column, result) in zip(columns, results) { nodes.append(node("LRN", [column], [result], attributes)) }
            nodes.append(node("Concat", results, ["\(name).normalized"], [integer("axis", 1)]))
            current = "\(name).normalized"
        }

        // MARK: Graph elements

        private mutating func add(
            _ type: String, _ further: [String], output: String, _ attributes: [ONNXAttributeProto] = []
        ) {
            nodes.append(node(type, [current] + further, [output], attributes))
            current = output
        }

        private func node(
            _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [ONNXAttributeProto]
        ) -> ONNXNodeProto {
            .with {
                ($0.opType, $0.name, $0.input, $0.output, $0.attribute) = (type, outputs[0], inputs, outputs, attributes)
            }
        }

        private func window(_ convolution: ConvolutionSpecification) -> [ONNXAttributeProto] {
            [
                integers("kernel_shape", [convolution.size, convolution.size]),
                integers("strides", [convolution.stride, convolution.stride]),
                integers("pads", [Int](repeating: convolution.padding, count: 4)),
            ]
        }

        private func integer(_ name: String, _ value: Int) -> ONNXAttributeProto {
            .with { ($0.name, $0.i, $0.type) = (name, Int64(value), .int) }
        }
        private func integers(_ name: String, _ values: [Int]) -> ONNXAttributeProto {
            .with { ($0.name, $0.ints, $0.type) = (name, values.map(Int64.init), .ints) }
        }
        private func number(_ name: String, _ value: Float) -> ONNXAttributeProto {
            .with { ($0.name, $0.f, $0.type) = (name, value, .float) }
        }
        private func text(_ name: String, _ value: String) -> ONNXAttributeProto {
            .with { ($0.name, $0.s, $0.type) = (name, Data(value.utf8), .string) }
        }

        private func value(_ name: String, _ extents: [Int]) -> ONNXValueInfoProto {
            .with {
                $0.name = name
                $0.type.tensorType.elemType = Int32(ONNXTensorProto.DataType.float.rawValue)
                $0.type.tensorType.shape.dim =
                    [.with { $0.dimParam = "N" }] + extents.map { extent in .with { $0.dimValue = Int64(extent) } }
            }
        }

        private mutating func parameter(_ name: String, as extents: [Int]? = nil) throws {
            let bytes = try checkpoint.model.floats(name)
            let shape = extents ?? checkpoint.model.shape(name)?.extents ?? []
            tensor(name, shape, .float, Data(bytes))
        }

        private mutating func constant(_ name: String, _ extents: [Int], _ values: [Float]) {
            tensor(name, extents, .float, values.withUnsafeBytes { Data($0) })
        }

        private mutating func shape(_ name: String, _ extents: [Int]) {
            tensor(name, [extents.count], .int64, extents.map(Int64.init).withUnsafeBytes { Data($0) })
        }

        private mutating func tensor(_ name: String, _ extents: [Int], _ type: ONNXTensorProto.DataType, _ data: Data) {
            initializers.append(
                .with {
                    $0.name = name
                    $0.dims = extents.map(Int64.init)
                    $0.dataType = Int32(type.rawValue)
                    $0.rawData = data
                })
        }
    }
}
