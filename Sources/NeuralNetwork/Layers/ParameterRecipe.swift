/// The initial values and training settings of a layer's weights or biases.
public struct ParameterRecipe: Codable, Sendable, Equatable {
    /// Standard deviation of the initial values around `value`; with 0 all are equal to it.
    public var deviation: Float
    /// Mean of the initial values.
    public var value: Float
    /// Factor on the schedule's learning rate.
    public var learningRate: Float
    /// Overrides the optimizer's weight decay. Nil applies that to weights, and to biases only with `decay_biases` (§5).
    public var decay: Float?

    public init(deviation: Float = 0, value: Float = 0, learningRate: Float = 1, decay: Float? = nil) {
        (self.deviation, self.value, self.learningRate, self.decay) = (deviation, value, learningRate, decay)
    }

    /// The paper's initial weights, N(0, 0.01²) (§5).
    public static let weights = ParameterRecipe(deviation: 0.01)
    public static func weights(deviation: Float) -> ParameterRecipe { ParameterRecipe(deviation: deviation) }
    /// Biases of zero.
    public static let biases = ParameterRecipe()
    public static func biases(_ value: Float) -> ParameterRecipe { ParameterRecipe(value: value) }

    private enum Key: String, CodingKey, CaseIterable { case deviation, value, learning_rate, decay }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        deviation = try container.decodeIfPresent(Float.self, forKey: .deviation) ?? 0
        value = try container.decodeIfPresent(Float.self, forKey: .value) ?? 0
        learningRate = try container.decodeIfPresent(Float.self, forKey: .learning_rate) ?? 1
        decay = try container.decodeIfPresent(Float.self, forKey: .decay)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(deviation, forKey: .deviation)
        try container.encode(value, forKey: .value)
        try container.encode(learningRate, forKey: .learning_rate)
        try container.encodeIfPresent(decay, forKey: .decay)
    }
}
