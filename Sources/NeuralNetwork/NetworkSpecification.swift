/// A network: what it reads, how many columns it has, and its layers. The last layer's outputs are the classes.
public struct NetworkSpecification: Codable, Sendable, Equatable {
    /// Channels, height and width of the pictures that the network sees (after the crop).
    public struct Input: Codable, Sendable, Equatable {
        public var channels: Int
        public var height: Int
        public var width: Int

        public init(channels: Int, height: Int, width: Int) {
            (self.channels, self.height, self.width) = (channels, height, width)
        }

        private enum Key: String, CodingKey, CaseIterable { case channels, height, width }
        public init(from decoder: any Decoder) throws {
            try decoder.rejectUnknownKeys(Key.self)
            let container = try decoder.container(keyedBy: Key.self)
            channels = try container.decode(Int.self, forKey: .channels)
            height = try container.decode(Int.self, forKey: .height)
            width = try container.decode(Int.self, forKey: .width)
        }
    }

    public var input: Input
    /// K: the groups of the layers that read their own column.
    public var columns: Int
    public var layers: [LayerSpecification]

    public init(input: Input, columns: Int, layers: [LayerSpecification]) {
        (self.input, self.columns, self.layers) = (input, columns, layers)
    }

    private enum Key: String, CodingKey, CaseIterable { case input, columns, layers }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        input = try container.decode(Input.self, forKey: .input)
        columns = try container.decodeIfPresent(Int.self, forKey: .columns) ?? 1
        layers = try container.decode([LayerSpecification].self, forKey: .layers)
    }

    /// The number of classes: the outputs of the last layer.
    public var classes: Int {
        get { if case .innerProduct(let product)? = layers.last?.operation { product.outputs } else { 0 } }
        set {
            if case .innerProduct? = layers.last?.operation {
                layers[layers.count - 1].operation = .innerProduct(.init(outputs: newValue))
            }
        }
    }
}
