import NeuralNetwork
package import Partition
package import Protocol
package import RunLog
import SwiftProtobuf
import Tensors

/// Reports of workers and stores in one attempt, on steps that are not committed and validations that do not count yet.
package struct StepTally {
    private let steps: StepPlan
    private let layout: ColumnLayout
    /// Sums of losses by step and replica. A replica's workers exchange all logits, so they report the same sum.
    private var lossSums: [Int: [Int: Double]] = [:]
    private var validations: [Int: [Int: WireValidationReport]] = [:]
    private var rates: [Int: Float] = [:]
    private var digests: [Int: [WireStepStored.BlockDigest]] = [:]
    /// When the last step was committed, or training began in this attempt; seconds on the coordinator's clock.
    package private(set) var lastCommit: Double

    package init(_ steps: StepPlan, layout: ColumnLayout, at now: Double) { (self.steps, self.layout, lastCommit) = (steps, layout, now) }

    package mutating func granted(_ step: Int, rate: Float) { rates[step] = rate }

    package mutating func add(_ report: WireStepReport, worker: Int) {
        lossSums[Int(clamping: report.step), default: [:]][layout.replica(of: worker)] = report.lossSum
    }

    package mutating func add(_ stored: WireStepStored) { digests[Int(clamping: stored.step), default: []] += stored.digests }

    /// Adds a worker's share of a validation. The first worker of each replica counts; the others have the same logits.
    /// - Returns: Whether every replica has reported.
    package mutating func add(_ report: WireValidationReport, worker: Int) -> Bool {
        let step = Int(clamping: report.step)
        validations[step, default: [:]][layout.replica(of: worker)] = report
        return validations[step]!.count == layout.replicas
    }

    /// Workers of replicas that have not reported a validation.
    package func missingValidations(of step: Int) -> [Int] {
        (0..<layout.workers).filter { validations[step]?[layout.replica(of: $0)] == nil }
    }

    /// The result of a validation that is complete; nil where it looked at no images.
    package func validation(of step: Int) -> ValidationMetrics? {
        var total = WireValidationReport()
        // A peer may report any number.
        func sum(_ a: UInt64, _ b: UInt64) -> UInt64 { a.addingReportingOverflow(b).partialValue }
        for (_, part) in (validations[step] ?? [:]).sorted(by: { $0.key < $1.key }) {
            total.lossSum += part.lossSum
            total.images = sum(total.images, part.images)
            total.top1Wrong = sum(total.top1Wrong, part.top1Wrong)
            total.top5Wrong = sum(total.top5Wrong, part.top5Wrong)
        }
        guard total.images > 0 else { return nil }
        let images = Double(total.images)
        return ValidationMetrics(
            step: step, epoch: steps.epoch(step), loss: total.lossSum / images, top1Error: Double(total.top1Wrong) / images,
            top5Error: Double(total.top5Wrong) / images)
    }

    /// Digests and norms that stores have reported of a step, until it is committed.
    package func digests(of step: Int) -> [WireStepStored.BlockDigest] { digests[step] ?? [] }

    package mutating func commit(_ step: Int, at now: Double) -> StepMetrics {
        let seconds = now - lastCommit
        lastCommit = now
        let batch = Double(steps.recipe.batch)
        let sums = lossSums.removeValue(forKey: step).map { $0.sorted { $0.key < $1.key }.map(\.value) }
        let parts = (digests.removeValue(forKey: step) ?? []).sorted { $0.key < $1.key }.map(\.digest)
        return StepMetrics(
            step: step, epoch: steps.epoch(step), loss: sums.map { $0.reduce(0, +) / batch } ?? .nan,
            learningRate: Double(rates.removeValue(forKey: step) ?? .nan), imagesPerSecond: batch / seconds, seconds: seconds,
            digest: Digest.text(Digest.combine(parts)))
    }

    /// Drops a validation that has been counted.
    package mutating func forgetValidation(of step: Int) { validations[step] = nil }
}
