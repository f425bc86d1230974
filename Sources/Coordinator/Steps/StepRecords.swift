import RunLog
import Tensors
import Wire

/// What workers and stores have said of steps, until it is a line of the metrics.
struct StepRecords {
    private let steps: StepPlan
    private let batch: Int
    private var losses: [Int: Double] = [:]
    private var rates: [Int: Float] = [:]
    private var digests: [Int: [WireStepStored.BlockDigest]] = [:]
    private var lastCommit = 0.0
    /// The last step that has a line.
    private(set) var committed: Int
    private(set) var work = WorkSummary()
    /// Steps whose validation has a line.
    private(set) var validated: Set<Int> = []

    init(steps: StepPlan, batch: Int) { (self.steps, self.batch, committed) = (steps, batch, steps.base) }

    /// Training begins or goes on: the time before is no step's.
    mutating func start(at now: Double) { lastCommit = now }

    mutating func granted(_ step: Int, rate: Float) { rates[step] = rate }

    mutating func add(_ report: WireStepReport, worker: Int) {
        losses[Int(clamping: report.step)] = report.loss
        work.add(worker: worker, report)
    }

    mutating func add(_ stored: WireStepStored, store: Int) {
        digests[Int(clamping: stored.step), default: []] += stored.digests
        work.add(store: store, stored)
    }

    /// The first worker to report a step's validation is heard; every worker has the same logits and says the same.
    mutating func isFirst(validationOf step: Int) -> Bool { validated.insert(step).inserted }

    mutating func abort() { (losses, rates, digests) = ([:], [:], [:]) }

    /// What stores have said of a step's tensors, until it is committed.
    func digests(of step: Int) -> [WireStepStored.BlockDigest] { digests[step] ?? [] }

    mutating func commit(_ step: Int, at now: Double) -> StepMetrics {
        let seconds = now - lastCommit
        (lastCommit, committed) = (now, step)
        let parts = (digests.removeValue(forKey: step) ?? []).sorted { $0.key < $1.key }.map(\.digest)
        return StepMetrics(
            step: step, epoch: steps.epoch(step), loss: losses.removeValue(forKey: step) ?? .nan,
            learningRate: Double(rates.removeValue(forKey: step) ?? .nan), imagesPerSecond: Double(batch) / seconds,
            seconds: seconds, digest: Digest.text(Digest.combine(parts)))
    }
}
