public import NeuralNetwork
public import Tensors

/// The part of a parameter tensor that one kernel call uses: what one column's outputs read from one column's
/// inputs, or one column's biases. Blocks are what is pushed, updated and pulled.
public struct ParameterBlock: Sendable, Equatable {
    /// Where the block belongs; the same in every layout.
    public struct Key: Hashable, Sendable, Comparable {
        public let layer: Int
        public let kind: ParameterTensor.Kind
        /// The column whose outputs the block computes, and which therefore owns it.
        public let column: Int
        /// The column whose outputs the block reads; its own column for biases and layers that read their own.
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
    public let region: Region
    public let recipe: ParameterRecipe

    public var shape: Shape { region.extents }

    /// `conv3.weight[column 0 from 1]`
    public var description: String {
        key.column == key.source
            ? "\(tensor.name)[column \(key.column)]" : "\(tensor.name)[column \(key.column) from \(key.source)]"
    }
}

extension NetworkSpecification {
    /// Every parameter block of the network, in the order of their keys.
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
                // The inputs are the columns' channels, one column after the other; a fully connected layer's are
                // its channels' pixels.
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
