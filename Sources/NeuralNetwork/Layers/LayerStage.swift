/// What follows a layer's weights, in the order in which it is listed.
public enum LayerStage: Codable, Sendable, Equatable {
    case relu
    case tanh
    case normalization(NormalizationSpecification)
    case maxPooling(PoolingSpecification)
    /// The probability with which a unit is zeroed in training; at test its output is multiplied by the rest (§4.2).
    case dropout(Float)

    private enum Key: String, CodingKey, CaseIterable { case normalization, max_pooling, dropout }

    public init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            switch name {
            case "relu": self = .relu
            case "tanh": self = .tanh
            default:
                throw NetworkError(
                    "unknown stage \(name); a layer's then: lists relu, tanh, normalization, max_pooling, dropout")
            }
            return
        }
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        if let value = try container.decodeIfPresent(NormalizationSpecification.self, forKey: .normalization) {
            self = .normalization(value)
        } else if let value = try container.decodeIfPresent(PoolingSpecification.self, forKey: .max_pooling) {
            self = .maxPooling(value)
        } else {
            self = .dropout(try container.decode(Float.self, forKey: .dropout))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .relu, .tanh:
            var container = encoder.singleValueContainer()
            try container.encode(self == .relu ? "relu" : "tanh")
        case .normalization(let value):
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(value, forKey: .normalization)
        case .maxPooling(let value):
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(value, forKey: .max_pooling)
        case .dropout(let value):
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(value, forKey: .dropout)
        }
    }
}

/// Local response normalization over adjacent maps of one column (§3.3): b = a / (k + α · Σ a²)^β.
/// α multiplies the plain sum, as in the paper; libraries that divide it by `size` need α · size.
public struct NormalizationSpecification: Codable, Sendable, Equatable {
    public var size: Int
    public var k: Float
    public var alpha: Float
    public var beta: Float

    public init(size: Int = 5, k: Float = 2, alpha: Float = 1e-4, beta: Float = 0.75) {
        (self.size, self.k, self.alpha, self.beta) = (size, k, alpha, beta)
    }

    private enum Key: String, CodingKey, CaseIterable { case size, k, alpha, beta }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        size = try container.decodeIfPresent(Int.self, forKey: .size) ?? 5
        k = try container.decodeIfPresent(Float.self, forKey: .k) ?? 2
        alpha = try container.decodeIfPresent(Float.self, forKey: .alpha) ?? 1e-4
        beta = try container.decodeIfPresent(Float.self, forKey: .beta) ?? 0.75
    }
}

/// Max pooling; a window larger than its stride overlaps (§3.4: 3 and 2).
public struct PoolingSpecification: Codable, Sendable, Equatable {
    public var size: Int
    public var stride: Int

    public init(size: Int = 3, stride: Int = 2) { (self.size, self.stride) = (size, stride) }

    private enum Key: String, CodingKey, CaseIterable { case size, stride }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        size = try container.decodeIfPresent(Int.self, forKey: .size) ?? 3
        stride = try container.decodeIfPresent(Int.self, forKey: .stride) ?? 2
    }
}
