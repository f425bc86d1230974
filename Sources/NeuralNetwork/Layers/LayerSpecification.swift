/// A layer with weights and the stages that follow it, as a configuration specifies them.
public struct LayerSpecification: Codable, Sendable, Equatable {
    /// The columns whose output the layer reads: its own, or all (the paper's Figure 2).
    public enum Reads: String, SettingWord, Sendable { case own, all }

    /// The layer's name, such as `conv1`; its parameters have it as prefix in checkpoints.
    public var name: String
    public var operation: LayerOperation
    public var reads: Reads
    /// Stages applied to the output, in this order.
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

    private enum Key: String, CodingKey, CaseIterable {
        case name, convolution, locally_connected, inner_product, reads, then, weights, biases
    }

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
            throw NetworkError("layer \(name) has no operation; add convolution:, locally_connected: or inner_product: to it")
        }
        let defaultReads: Reads = if case .innerProduct = operation { .all } else { .own }
        reads = try container.decodeIfPresent(Reads.self, forKey: .reads) ?? defaultReads
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

/// The operation of a layer's weights.
public enum LayerOperation: Sendable, Equatable {
    case convolution(ConvolutionSpecification)
    /// A convolution with different kernels at every position (the paper's CIFAR-10 network).
    case locallyConnected(ConvolutionSpecification)
    case innerProduct(InnerProductSpecification)

    /// All numbers of the specification.
    var sizes: [Int] {
        switch self {
        case .convolution(let convolution), .locallyConnected(let convolution):
            [convolution.kernels, convolution.size, convolution.stride, convolution.padding]
        case .innerProduct(let product): [product.outputs]
        }
    }
}

/// A convolution or a locally connected layer, with square kernels.
public struct ConvolutionSpecification: Codable, Sendable, Equatable {
    /// The number of kernels over all columns.
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

/// A fully connected layer.
public struct InnerProductSpecification: Codable, Sendable, Equatable {
    /// The number of outputs over all columns.
    public var outputs: Int
    public init(outputs: Int) { self.outputs = outputs }

    private enum Key: String, CodingKey, CaseIterable { case outputs }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        outputs = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .outputs)
    }
}
