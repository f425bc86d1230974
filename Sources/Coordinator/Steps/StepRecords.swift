import Partition
import RunLog
import SwiftProtobuf
import Tensors
import Wire

/// What workers and stores have said of steps, until it is a line of the metrics.
struct StepRecords {
    private let steps: StepPlan
    private let batch: Int
    /// Of the workers that report: set anew when nothing is under way.
    var layout: ColumnLayout
    /// By step and replica, whose workers all say the same.
    private var lossSums: [Int: [Int: Double]] = [:]
    private var validations: [Int: [Int: WireValidationReport]] = [:]
    private var rates: [Int: Float] = [:]
    private var digests: [Int: [WireStepStored.BlockDigest]] = [:]
    /// On the coordinator's clock; or when training began, or went on.
    private(set) var lastCommit = 0.0
    /// The last step that has a line.
    private(set) var committed: Int
    private(set) var work = WorkSummary()
    /// Steps whose validation has a line.
    private(set) var validated: Set<Int> = []

    init(steps: StepPlan, batch: Int, layout: ColumnLayout) {
        (self.steps, self.batch, self.layout, committed) = (steps, batch, layout, steps.base)
    }

    /// Training begins or goes on: the time before is no step's.
    mutating func start(at now: Double) { lastCommit = now }

    mutating func granted(_ step: Int, rate: Float) { rates[step] = rate }

    mutating func add(_ report: WireStepReport, worker: Int) {
        lossSums[Int(clamping: report.step), default: [:]][layout.replica(of: worker)] = report.lossSum
        work.add(worker: worker, report)
    }

    mutating func add(_ stored: WireStepStored, store: Int) {
        digests[Int(clamping: stored.step), default: []] += stored.digests
        work.add(store: store, stored)
    }

    /// A worker has evaluated its replica's share of the validation split. The first of each replica is heard; the others have
    /// the same logits and say the same.
    /// - Returns: what all replicas say together, when the last has said it.
    mutating func add(_ report: WireValidationReport, worker: Int) -> WireValidationReport? {
        let step = Int(clamping: report.step)
        guard !validated.contains(step) else { return nil }
        validations[step, default: [:]][layout.replica(of: worker)] = report
        guard validations[step]!.count == layout.replicas else { return nil }
        validated.insert(step)
        var total = WireValidationReport()
        for part in validations.removeValue(forKey: step)!.values {
            total.lossSum += part.lossSum
            // A peer may say any number.
            func sum(_ a: UInt64, _ b: UInt64) -> UInt64 { a.addingReportingOverflow(b).partialValue }
            total.images = sum(total.images, part.images)
            total.top1Wrong = sum(total.top1Wrong, part.top1Wrong)
            total.top5Wrong = sum(total.top5Wrong, part.top5Wrong)
        }
        total.step = report.step
        return total
    }

    mutating func abort() { (lossSums, validations, rates, digests) = ([:], [:], [:], [:]) }

    /// What stores have said of a step's tensors, until it is committed.
    func digests(of step: Int) -> [WireStepStored.BlockDigest] { digests[step] ?? [] }

    mutating func commit(_ step: Int, at now: Double) -> StepMetrics {
        let seconds = now - lastCommit
        (lastCommit, committed) = (now, step)
        let loss = lossSums.removeValue(forKey: step).map { $0.values.reduce(0, +) / Double(batch) } ?? .nan
        let parts = (digests.removeValue(forKey: step) ?? []).sorted { $0.key < $1.key }.map(\.digest)
        return StepMetrics(
            step: step, epoch: steps.epoch(step), loss: loss,
            learningRate: Double(rates.removeValue(forKey: step) ?? .nan), imagesPerSecond: Double(batch) / seconds,
            seconds: seconds, digest: Digest.text(Digest.combine(parts)))
    }
}
