import Foundation

/// A summary of a run's figures from its index.
public struct RunSummary: Sendable, Equatable {
    /// The last step. Its digest is not among the figures.
    public var last: MetricsIndex.Entry?
    public var lastValidation: MetricsIndex.Entry?
    /// The validation with the lowest top-1 error.
    public var bestValidation: MetricsIndex.Entry?
    /// The median over steps of images per second.
    public var medianRate: Double?
    /// The total seconds of all steps.
    public var trainingSeconds = 0.0

    public init(_ index: MetricsIndex) {
        var rates: [Double] = []
        rates.reserveCapacity(index.count)
        index.forEach { entry in
            switch entry.kind {
            case .step:
                last = entry
                rates.append(entry.figures[2])
                trainingSeconds += entry.figures[3]
            case .validation:
                lastValidation = entry
                if entry.figures[1] < bestValidation?.figures[1] ?? .infinity { bestValidation = entry }
            case .norms, .other: break
            }
        }
        // Very long runs are sampled: the median of a hundred thousand steps agrees with that of all to four digits.
        let stride = max(1, rates.count / 100_000)
        let sample = stride == 1 ? rates : Swift.stride(from: 0, to: rates.count, by: stride).map { rates[$0] }
        let ordered = sample.sorted()
        medianRate = ordered.isEmpty ? nil : ordered[ordered.count / 2]
    }
}
