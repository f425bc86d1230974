/// Euclidean norms of every parameter tensor and of what a step added to it: by their ratio one sees whether a layer learns.
public struct NormsMetrics: Codable, Sendable, Equatable {
    public var kind = "norms"
    public var step: Int
    /// `conv1.weight`, `conv1.bias` …, as checkpoints name them.
    public var tensors: [String]
    /// Of the values after the step, a norm a tensor.
    public var weight: [Double]
    /// Of what the step added.
    public var update: [Double]

    public init(step: Int, tensors: [String], weight: [Double], update: [Double]) {
        (self.step, self.tensors, self.weight, self.update) = (step, tensors, weight, update)
    }

    /// Whether every tensor has both norms.
    var isWhole: Bool { weight.count == tensors.count && update.count == tensors.count }
}
