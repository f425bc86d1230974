public import NeuralNetwork
public import Tensors

/// The part of a parameter tensor that one kernel call uses: the weights from one column's inputs to one column's outputs, or one
/// column's biases. Blocks are the unit of push, update and pull.
public struct ParameterBlock: Sendable, Equatable {
    /// A block's identity, which is the same in every layout.
    public struct Key: Hashable, Sendable, Comparable {
        public let layer: Int
        public let kind: ParameterTensor.Kind
        /// The column whose outputs the block computes. It owns the block.
        public let column: Int
        /// The column whose outputs the block reads; equal to `column` for biases and for layers that read their own column.
        public let source: Int

        public init(layer: Int, kind: ParameterTensor.Kind, column: Int, source: Int) {
            (self.layer, self.kind, self.column, self.source) = (layer, kind, column, source)
        }

        public static func < (a: Key, b: Key) -> Bool {
            (a.layer, a.kind == .bias ? 1 : 0, a.column, a.source) < (b.layer, b.kind == .bias ? 1 : 0, b.column, b.source)
        }
    }

    public let key: Key
    public let tensor: ParameterTensor
    /// The block's part of `tensor`.
    public let region: Region
    public let recipe: ParameterRecipe

    public var shape: Shape { region.extents }

    /// A description such as `conv3.weight[column 0 from 1]`.
    public var description: String {
        key.column == key.source
            ? "\(tensor.name)[column \(key.column)]" : "\(tensor.name)[column \(key.column) from \(key.source)]"
    }
}

extension NetworkSpecification {
    /// Returns all parameter blocks of the network, in the order of their keys.
    public func parameterBlocks() throws -> [ParameterBlock] {
        let shapes = try shapes()
        return try parameterTensors().flatMap { tensor -> [ParameterBlock] in
            let layer = layers[tensor.layer]
            return (0..<columns).flatMap { column -> [ParameterBlock] in
                let outputs = ColumnSplit.range(of: tensor.shape[0], column: column, columns: columns)
                func block(source: Int, origin: [Int], extents: [Int]) -> ParameterBlock {
                    ParameterBlock(
                        key: .init(layer: tensor.layer, kind: tensor.kind, column: column, source: source),
                        tensor: tensor, region: Region(origin: origin, extents: Shape(extents)),
                        recipe: tensor.kind == .weight ? layer.weights : layer.biases)
                }
                let rest = Array(tensor.shape.extents.dropFirst())
                guard tensor.kind == .weight, tensor.layer > 0, layer.reads == .all else {
                    let origin = [outputs.lowerBound] + rest.map { _ in 0 }
                    return [block(source: column, origin: origin, extents: [outputs.count] + rest)]
                }
                // Inputs are ordered by column, then by channel; in a fully connected layer, each pixel of a channel is an input.
                let input = shapes[tensor.layer].input
                let pixels = tensor.shape[1] / input[0]
                return (0..<columns).map { source in
                    let channels = ColumnSplit.range(of: input[0], column: source, columns: columns)
                    return block(
                        source: source,
                        origin: [outputs.lowerBound, channels.lowerBound * pixels] + rest.dropFirst().map { _ in 0 },
                        extents: [outputs.count, channels.count * pixels] + rest.dropFirst())
                }
            }
        }.sorted { $0.key < $1.key }
    }
}
