/// One layer of weights and what follows it, as a user states it.
public struct LayerSpecification: Codable, Sendable, Equatable {
    /// Which columns' output the layer reads (the paper's Figure 2).
    public enum Reads: String, SettingWord, Sendable { case own, all }

    /// `conv1`, `fc8`: the name its parameters carry in checkpoints.
    public var name: String
    public var operation: LayerOperation
    public var reads: Reads
    /// What is applied to the output, in this order.
    public var then: [LayerStage]
    public var weights: ParameterRecipe
    public var biases: ParameterRecipe

    public init(
        _ name: String, _ operation: LayerOperation, reads: Reads = .own, then: [LayerStage] = [],
        weights: ParameterRecipe = .weights, biases: ParameterRecipe = .biases
    ) {
        (self.name, self.operation, self.reads, self.then) = (name, operation, reads, then)
        (self.weights, self.biases) = (weights, biases)
    }

    private enum Key: String, CodingKey, CaseIterable { case name, convolution, locally_connected, inner_product, reads, then, weights, biases }

    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(String.self, forKey: .name)
        if let convolution = try container.decodeIfPresent(ConvolutionSpecification.self, forKey: .convolution) {
            operation = .convolution(convolution)
        } else if let local = try container.decodeIfPresent(ConvolutionSpecification.self, forKey: .locally_connected) {
            operation = .locallyConnected(local)
        } else if let product = try container.decodeIfPresent(InnerProductSpecification.self, forKey: .inner_product) {
            operation = .innerProduct(product)
        } else {
            throw NetworkError("layer \(name) needs convolution:, locally_connected: or inner_product:")
        }
        let usual: Reads = if case .innerProduct = operation { .all } else { .own }
        reads = try container.decodeIfPresent(Reads.self, forKey: .reads) ?? usual
        then = try container.decodeIfPresent([LayerStage].self, forKey: .then) ?? []
        weights = try container.decodeIfPresent(ParameterRecipe.self, forKey: .weights) ?? .weights
        biases = try container.decodeIfPresent(ParameterRecipe.self, forKey: .biases) ?? .biases
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        switch operation {
        case .convolution(let convolution): try container.encode(convolution, forKey: .convolution)
        case .locallyConnected(let local): try container.encode(local, forKey: .locally_connected)
        case .innerProduct(let product): try container.encode(product, forKey: .inner_product)
        }
        try container.encode(reads, forKey: .reads)
        try container.encode(then, forKey: .then)
        try container.encode(weights, forKey: .weights)
        try container.encode(biases, forKey: .biases)
    }
}

/// What a layer's weights do.
public enum LayerOperation: Sendable, Equatable {
    case convolution(ConvolutionSpecification)
    /// As a convolution, but with other kernels at every place (the paper's CIFAR-10 net).
    case locallyConnected(ConvolutionSpecification)
    case innerProduct(InnerProductSpecification)

    /// Every number that it is stated with.
    var sizes: [Int] {
        switch self {
        case .convolution(let convolution), .locallyConnected(let convolution):
            [convolution.kernels, convolution.size, convolution.stride, convolution.padding]
        case .innerProduct(let product): [product.outputs]
        }
    }
}

/// A convolution, or a locally connected layer, with square kernels; its sizes are of the whole network.
public struct ConvolutionSpecification: Codable, Sendable, Equatable {
    public var kernels: Int
    public var size: Int
    public var stride: Int
    public var padding: Int

    public init(kernels: Int, size: Int, stride: Int = 1, padding: Int = 0) {
        (self.kernels, self.size, self.stride, self.padding) = (kernels, size, stride, padding)
    }

    private enum Key: String, CodingKey, CaseIterable { case kernels, size, stride, padding }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        kernels = try container.decode(Int.self, forKey: .kernels)
        size = try container.decode(Int.self, forKey: .size)
        stride = try container.decodeIfPresent(Int.self, forKey: .stride) ?? 1
        padding = try container.decodeIfPresent(Int.self, forKey: .padding) ?? 0
    }
}

/// A fully connected layer; `outputs` is of the whole network.
public struct InnerProductSpecification: Codable, Sendable, Equatable {
    public var outputs: Int
    public init(outputs: Int) { self.outputs = outputs }

    private enum Key: String, CodingKey, CaseIterable { case outputs }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        outputs = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .outputs)
    }
}
