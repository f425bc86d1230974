import NeuralNetwork
import RunLog
import Threading
import Wire

extension CoordinatorService {
    /// Writes a checkpoint from a thread of its own: the disk is slow.
    func write(_ assembly: CheckpointAssembler) {
        assemblies[assembly.step] = nil
        let state = Checkpoint.State(
            step: assembly.step, configuration: plan.configuration, datasetFingerprint: plan.datasetFingerprint,
            classes: plan.classes, stored: plan.stored, version: Product.version)
        let mean = plan.mean
        let path = writer.directory.checkpointPath(step: assembly.step)
        _ = ServiceThread(name: "checkpoint") { [self] in
            let failure: String?
            do {
                try writer.flush()
                try assembly.write(to: path, state: state, mean: mean)
                writer.directory.removeCheckpoints(keeping: plan.configuration.recipe.checkpoint.keep)
                failure = nil
            } catch { failure = "\(error)" }
            loop.submit { [self] in
                checkpointsUnderWay -= 1
                if let failure { return end(.failed("the checkpoint of step \(state.step) cannot be written: \(failure)")) }
                writer.event("checkpoint", "checkpoint of step \(state.step)", ["path": path])
                news(.checkpoint(step: state.step, path: path))
                finishIfDone()
            }
        }
    }
}
