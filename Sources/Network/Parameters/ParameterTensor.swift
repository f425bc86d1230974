public import Tensors

/// A tensor of weights or biases of the whole network, in the form that checkpoints have: OIHW, or [out, in] with
/// channels before rows and columns; a layer that reads its own column has kernels of that column's channels only
/// (PyTorch's `groups`).
public struct ParameterTensor: Sendable, Equatable {
    public enum Kind: String, Sendable { case weight, bias }

    public let layer: Int
    public let kind: Kind
    /// `conv1.weight`
    public let name: String
    public let shape: Shape
}

extension NetworkSpecification {
    /// Every parameter tensor, layer by layer, weights before biases.
    public func parameterTensors() throws -> [ParameterTensor] {
        let shapes = try shapes()
        return layers.indices.flatMap { index -> [ParameterTensor] in
            let layer = layers[index]
            let outputs = shapes[index].output[0]
            let weight: Shape
            switch layer.operation {
            case .convolution(let convolution):
                let isGrouped = layer.reads == .own && index > 0
                let channels = shapes[index].input[0] / (isGrouped ? columns : 1)
                weight = Shape(outputs, channels, convolution.size, convolution.size)
            case .innerProduct:
                weight = Shape(outputs, shapes[index].input.count)
            }
            return [
                ParameterTensor(layer: index, kind: .weight, name: "\(layer.name).weight", shape: weight),
                ParameterTensor(layer: index, kind: .bias, name: "\(layer.name).bias", shape: Shape(outputs)),
            ]
        }
    }

    /// The number of parameters; 60,965,224 for `alexnet`.
    public func parameterCount() throws -> Int { try parameterTensors().reduce(0) { $0 + $1.shape.count } }
}
