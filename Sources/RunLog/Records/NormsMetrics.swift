/// Euclidean norms of every parameter tensor and of its update. Their ratio shows whether a layer learns.
public struct NormsMetrics: Codable, Sendable, Equatable {
    public var kind = "norms"
    public var step: Int
    /// The names of the tensors as in checkpoints: `conv1.weight`, `conv1.bias` …
    public var tensors: [String]
    /// For each tensor, the norm of its values after the step.
    public var weight: [Double]
    /// For each tensor, the norm of the step's update.
    public var update: [Double]

    public init(step: Int, tensors: [String], weight: [Double], update: [Double]) {
        (self.step, self.tensors, self.weight, self.update) = (step, tensors, weight, update)
    }

    /// Whether every tensor has both norms.
    var isComplete: Bool { weight.count == tensors.count && update.count == tensors.count }
}
