import NeuralNetwork
import Platform
import RunLog

/// Checkpoints on their way from the stores to the disk.
struct CheckpointWriter {
    private let plan: RunPlan
    private let writer: RunWriter
    private var assemblies: [Int: CheckpointAssembler] = [:]

    init(_ plan: RunPlan, _ writer: RunWriter) { (self.plan, self.writer) = (plan, writer) }

    subscript(step: Int) -> CheckpointAssembler? { assemblies[step] }

    /// Makes room for a checkpoint's blocks.
    mutating func begin(_ step: Int) throws { assemblies[step] = try CheckpointAssembler(step: step, network: plan.configuration.network) }

    /// Forgets a checkpoint of which not everything will come.
    mutating func drop(_ step: Int) { assemblies[step] = nil }

    /// Writes a complete checkpoint, on a thread of its own: the disk is slow.
    /// - Parameter finished: Called on that thread.
    mutating func write(_ assembly: CheckpointAssembler, finished: @escaping @Sendable (RunInput) -> Void) {
        assemblies[assembly.step] = nil
        var state = Checkpoint.State(
            step: assembly.step, configuration: plan.configuration, datasetFingerprint: plan.dataset.fingerprint,
            classes: plan.dataset.classes, stored: plan.dataset.shape, version: Product.version)
        state.fencing = writer.lease.fencing
        let (mean, writer, keep) = (plan.dataset.mean, writer, plan.configuration.recipe.checkpoint.keep)
        let path = writer.directory.checkpointPath(step: assembly.step)
        _ = ServiceThread(name: "checkpoint") { [state] in
            do {
                try writer.flush()
                try assembly.write(to: path, state: state, mean: mean) { try writer.lease.confirm() }
                writer.directory.removeCheckpoints(keeping: keep)
                finished(.checkpointWritten(step: state.step, path: path))
            } catch { finished(.checkpointFailed(step: state.step, reason: "\(error)")) }
        }
    }
}
