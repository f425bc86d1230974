public import Foundation

/// A line of metrics.jsonl.
public enum MetricsLine: Sendable, Equatable {
    case step(StepMetrics)
    case validation(ValidationMetrics)
    case norms(NormsMetrics)
}

/// A committed step.
public struct StepMetrics: Codable, Sendable, Equatable {
    public var kind = "step"
    public var step: Int
    public var epoch: Int
    public var loss: Double
    public var learning_rate: Double
    public var images_per_second: Double
    public var seconds: Double
    /// Of all weights and momentum after the step.
    public var digest: String

    public init(
        step: Int, epoch: Int, loss: Double, learningRate: Double, imagesPerSecond: Double, seconds: Double,
        digest: String
    ) {
        (self.step, self.epoch, self.loss, learning_rate) = (step, epoch, loss, learningRate)
        (images_per_second, self.seconds, self.digest) = (imagesPerSecond, seconds, digest)
    }
}

/// An evaluation of the validation split; errors are fractions.
public struct ValidationMetrics: Codable, Sendable, Equatable {
    public var kind = "validation"
    public var step: Int
    public var epoch: Int
    public var loss: Double
    public var top1_error: Double
    public var top5_error: Double

    public init(step: Int, epoch: Int, loss: Double, top1Error: Double, top5Error: Double) {
        (self.step, self.epoch, self.loss, top1_error, top5_error) = (step, epoch, loss, top1Error, top5Error)
    }
}

extension MetricsLine {
    /// Nil for a line that is torn or of a kind that this release does not know.
    public init?(line: Data) {
        struct Kind: Decodable { let kind: String }
        let decoder = JSONDecoder()
        guard let kind = try? decoder.decode(Kind.self, from: line).kind else { return nil }
        switch kind {
        case "step":
            guard let step = try? decoder.decode(StepMetrics.self, from: line) else { return nil }
            self = .step(step)
        case "validation":
            guard let validation = try? decoder.decode(ValidationMetrics.self, from: line) else { return nil }
            self = .validation(validation)
        case "norms":
            guard let norms = try? decoder.decode(NormsMetrics.self, from: line), norms.isWhole else { return nil }
            self = .norms(norms)
        default: return nil
        }
    }

    public var step: Int {
        switch self {
        case .step(let metrics): metrics.step
        case .validation(let metrics): metrics.step
        case .norms(let metrics): metrics.step
        }
    }
}
