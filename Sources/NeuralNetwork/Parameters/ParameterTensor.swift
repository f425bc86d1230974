public import Tensors

/// A tensor of weights or biases of the whole network, in the form that checkpoints store.
///
/// - Convolution: OIHW. In a layer that reads its own column, I counts that column's channels only (PyTorch's `groups`).
/// - Fully connected layer: O×I; inputs are ordered by channel, row and column.
/// - Locally connected layer: O×I×(kernel rows·columns)×(output positions), and a bias for every unit: O×(output positions).
public struct ParameterTensor: Sendable, Equatable {
    public enum Kind: String, Sendable { case weight, bias }

    public let layer: Int
    public let kind: Kind
    /// The tensor's name in checkpoints, such as `conv1.weight`.
    public let name: String
    public let shape: Shape
    /// The number of inputs of one unit.
    public let fanIn: Int
}

extension NetworkSpecification {
    /// Returns all parameter tensors, layer by layer, weights before biases.
    /// - Throws: `NetworkError` if the network is invalid or has too many parameters.
    public func parameterTensors() throws -> [ParameterTensor] {
        let shapes = try shapes()
        let tensors = layers.indices.flatMap { index -> [ParameterTensor] in
            let layer = layers[index]
            let outputs = shapes[index].output[0]
            let (weight, bias, fanIn): (Shape, Shape, Int)
            let isGrouped = layer.reads == .own && index > 0
            let channels = shapes[index].input[0] / (isGrouped ? columns : 1)
            switch layer.operation {
            case .convolution(let convolution):
                let area = convolution.size * convolution.size
                weight = Shape(outputs, channels, convolution.size, convolution.size)
                (bias, fanIn) = (Shape(outputs), channels * area)
            case .locallyConnected(let local):
                let (area, positions) = (local.size * local.size, shapes[index].output.extents.dropFirst().reduce(1, *))
                weight = Shape(outputs, channels, area, positions)
                (bias, fanIn) = (Shape(outputs, positions), channels * area)
            case .innerProduct:
                weight = Shape(outputs, shapes[index].input.count)
                (bias, fanIn) = (Shape(outputs), shapes[index].input.count)
            }
            return [
                ParameterTensor(layer: index, kind: .weight, name: "\(layer.name).weight", shape: weight, fanIn: fanIn),
                ParameterTensor(layer: index, kind: .bias, name: "\(layer.name).bias", shape: bias, fanIn: fanIn),
            ]
        }
        try NetworkLimits.check(tensors)
        return tensors
    }

    /// Returns the number of parameters: 60,965,224 for `alexnet`.
    public func parameterCount() throws -> Int { try parameterTensors().reduce(0) { $0 + $1.shape.count } }
}
