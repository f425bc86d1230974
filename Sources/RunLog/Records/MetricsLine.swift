public import Foundation

/// A line of metrics.jsonl.
public enum MetricsLine: Sendable, Equatable {
    case step(StepMetrics)
    case validation(ValidationMetrics)
    case norms(NormsMetrics)
}

/// The metrics of a committed step.
public struct StepMetrics: Codable, Sendable, Equatable {
    public var kind = "step"
    public var step: Int
    public var epoch: Int
    public var loss: Double
    public var learning_rate: Double
    public var images_per_second: Double
    public var seconds: Double
    /// The digest of all weights and momentum after the step.
    public var digest: String

    public init(
        step: Int, epoch: Int, loss: Double, learningRate: Double, imagesPerSecond: Double, seconds: Double,
        digest: String
    ) {
        (self.step, self.epoch, self.loss, learning_rate) = (step, epoch, loss, learningRate)
        (images_per_second, self.seconds, self.digest) = (imagesPerSecond, seconds, digest)
    }
}

/// The metrics of an evaluation on the validation split. Errors are fractions.
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

extension MetricsLine: Decodable {
    private enum Key: CodingKey { case kind }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(String.self, forKey: .kind) {
        case "step": self = .step(try StepMetrics(from: decoder))
        case "validation": self = .validation(try ValidationMetrics(from: decoder))
        case "norms":
            let norms = try NormsMetrics(from: decoder)
            guard norms.isComplete else {
                throw DecodingError.dataCorruptedError(forKey: .kind, in: container, debugDescription: "norms do not cover every tensor")
            }
            self = .norms(norms)
        case let kind:
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: container, debugDescription: "lines of kind \(kind) are unknown to this release")
        }
    }
}

extension MetricsLine {
    /// Decodes a line; nil if it is torn or of a kind that this release does not know.
    /// - Parameter decoder: a decoder to reuse when many lines are read.
    public init?(line: Data, decoder: JSONDecoder = JSONDecoder()) {
        guard let line = try? decoder.decode(MetricsLine.self, from: line) else { return nil }
        self = line
    }

    public var step: Int {
        switch self {
        case .step(let metrics): metrics.step
        case .validation(let metrics): metrics.step
        case .norms(let metrics): metrics.step
        }
    }
}
