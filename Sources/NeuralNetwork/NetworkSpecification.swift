/// A network's topology: its input, its number of columns and its layers. The last layer's outputs are the classes.
public struct NetworkSpecification: Codable, Sendable, Equatable {
    /// Channels, height and width of the images that the network reads, after cropping.
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
    /// The number of columns, K; also the number of groups in layers that read their own column.
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

    /// The number of classes, which is that of the last layer's outputs.
    public var classes: Int {
        get { if case .innerProduct(let product)? = layers.last?.operation { product.outputs } else { 0 } }
        set {
            if case .innerProduct? = layers.last?.operation {
                layers[layers.count - 1].operation = .innerProduct(.init(outputs: newValue))
            }
        }
    }
}
