import Foundation
import Glibc
import NeuralNetwork
import Platform
import RunLog

/// Checkpoints on their way from the stores to the disk.
struct CheckpointWriter {
    private let plan: RunPlan
    private let recorder: RunRecorder
    private let queue = CheckpointQueue()
    private var assemblies: [Int: CheckpointAssembler] = [:]

    init(_ plan: RunPlan, _ recorder: RunRecorder) { (self.plan, self.recorder) = (plan, recorder) }

    subscript(step: Int) -> CheckpointAssembler? { assemblies[step] }

    /// Makes room for a checkpoint's blocks.
    mutating func begin(_ step: Int) throws { assemblies[step] = try CheckpointAssembler(step: step, network: plan.configuration.network) }

    /// Forgets a checkpoint of which not everything will come.
    mutating func drop(_ step: Int) { assemblies[step] = nil }

    /// Writes a complete checkpoint, on a thread of its own: the disk is slow. Older ones are removed once it is complete and on disk.
    /// - Parameter finished: Called on that thread.
    mutating func write(_ assembly: CheckpointAssembler, finished: @escaping @Sendable (RunInput) -> Void) {
        assemblies[assembly.step] = nil
        var state = Checkpoint.State(
            step: assembly.step, configuration: plan.configuration, datasetFingerprint: plan.dataset.fingerprint,
            classes: plan.dataset.classes, stored: plan.dataset.shape, version: Product.version)
        state.fencing = recorder.lease.fencing
        let (mean, recorder, keep) = (plan.dataset.mean, recorder, plan.configuration.recipe.checkpoint.keep)
        let path = recorder.directory.checkpointPath(step: assembly.step)
        // A run that is continued from a checkpoint needs the metrics of the steps before it. The last one is not continued from.
        let needsMetrics = assembly.step < plan.steps
        queue.submit { [state] in
            do {
                if needsMetrics { try recorder.flush() }
                try assembly.write(to: path, state: state, mean: mean) { try recorder.lease.confirm() }
                recorder.directory.removeCheckpoints(keeping: keep)
                finished(.checkpointWritten(step: state.step, path: path))
            } catch {
                finished(.checkpointFailed(step: state.step, reason: Self.sentence(error, path), isPermanent: Self.isPermanent(error)))
            }
        }
    }

    /// The error in the system's words, which Foundation's errors lack.
    private static func sentence(_ error: any Error, _ path: String) -> String {
        guard let error = error as? CocoaError else { return "\(error)" }
        switch error.code {
        case .fileWriteOutOfSpace: return FileError(path, "write it", code: ENOSPC).description
        case .fileWriteVolumeReadOnly: return FileError(path, "write it", code: EROFS).description
        case .fileWriteNoPermission: return FileError(path, "write it", code: EACCES).description
        default: return error.localizedDescription
        }
    }

    /// Whether another try would fail as well: a disk may have room later, but a name that is too long stays so.
    private static func isPermanent(_ error: any Error) -> Bool {
        switch error {
        case let error as FileError: error.code == ENAMETOOLONG
        case let error as CocoaError: error.code == .fileWriteInvalidFileName
        default: false
        }
    }
}
