package import RunLog

/// A run that a test writes itself, in a temporary folder that is removed with this object.
package final class RunScratch {
    private let folder: Scratch
    private let steps: Int
    package let directory: RunDirectory

    /// - Parameter steps: the number of steps that the record states.
    package init(steps: Int = 3) throws {
        folder = try Scratch()
        self.steps = steps
        directory = try RunDirectory.create(runs: folder.path, name: "a")
    }

    /// The folder of the run's directory.
    package var runs: String { folder.path }

    package func writer(keeping: Int? = nil) throws -> RunWriter {
        try RunWriter(directory, record: .sample(steps: steps), keeping: keeping)
    }

    package static func step(_ step: Int, loss: Double? = nil) -> StepMetrics {
        StepMetrics(
            step: step, epoch: step / 10, loss: loss ?? 1 / Double(step), learningRate: 0.01, imagesPerSecond: Double(step), seconds: 2,
            digest: "x\(step)")
    }

    package static func validation(_ step: Int, _ error: Double) -> ValidationMetrics {
        ValidationMetrics(step: step, epoch: 0, loss: error, top1Error: error, top5Error: error / 2)
    }
}

extension RunRecord {
    /// Returns the record of a run whose content does not matter.
    package static func sample(_ name: String = "a", steps: Int = 3, started: String = "2026-01-01T00:00:00Z") -> RunRecord {
        RunRecord(
            name: name, run: "00", started: started, steps: steps, dataset: "d", datasetFingerprint: "f", imagesPerEpoch: 10, workers: 2,
            configuration: .object([:]))
    }
}
