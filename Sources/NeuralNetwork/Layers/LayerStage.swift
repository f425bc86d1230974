/// An operation without weights that follows a layer's weights.
public enum LayerStage: Codable, Sendable, Equatable {
    case relu
    case tanh
    case normalization(NormalizationSpecification)
    case maxPooling(PoolingSpecification)
    /// Dropout with the probability p that training zeroes a unit; testing multiplies outputs by 1 − p (§4.2).
    case dropout(Float)

    private enum Key: String, CodingKey, CaseIterable { case normalization, max_pooling, dropout }

    public init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            switch name {
            case "relu": self = .relu
            case "tanh": self = .tanh
            default:
                throw NetworkError(
                    "unknown stage \(name); a layer's then: may list relu, tanh, normalization, max_pooling and dropout")
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

/// Local response normalization over adjacent channels of one column (§3.3): b = a / (k + α · Σ a²)^β.
/// α multiplies the plain sum, as in the paper; a library that divides α by `size` needs α · size.
public struct NormalizationSpecification: Codable, Sendable, Equatable {
    /// Channels in the window; odd.
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

/// Max pooling. Windows larger than the stride overlap (§3.4 uses size 3 and stride 2).
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
