import Coordinator
import Datasets
import Foundation
import NeuralNetwork
import Partition
import Prediction
package import RunLog
import Tensors

extension RunRequest {
    /// Creates the run's directory and record, or reopens those of the resumed run.
    package func open(_ resolved: ResolvedRun, directory: RunDirectory?, run: UInt64) throws -> RunWriter {
        let plan = resolved.plan
        let json = try JSONDecoder().decode(JSONValue.self, from: plan.configuration.json())
        if let resumed = resolved.resumed {
            var record = try resumed.record()
            (record.state, record.reason, record.ended, record.processes) = (.running, nil, nil, [])
            (record.run, record.steps, record.workers, record.configuration) = (
                Digest.text(run), plan.steps, plan.workers, json
            )
            (record.dataset, record.replicas) = (plan.dataset.path, plan.layout.replicas == 1 ? nil : plan.layout.replicas)
            // Which lines stay is known when the stores have said what they still have.
            return try RunWriter(resumed, record: record, keeping: takesOver ? nil : plan.baseStep)
        }
        let directory = try directory ?? RunDirectory.create(runs: runs, name: name)
        var record = RunRecord(
            name: directory.name, run: Digest.text(run), started: RunWriter.now, steps: plan.steps,
            dataset: plan.dataset.path, datasetFingerprint: plan.dataset.fingerprint,
            imagesPerEpoch: plan.dataset.images, workers: plan.workers, initializedFrom: plan.start?.checkpoint.path,
            configuration: json)
        record.replicas = plan.layout.replicas == 1 ? nil : plan.layout.replicas
        record.device = device?.words
        record.preset = try configuration.presetName(for: resolved.dataset.manifest)
        // A run that failed before its first checkpoint starts again in the same directory.
        return try RunWriter(directory, record: record, keeping: takesOver ? nil : 0)
    }
}
