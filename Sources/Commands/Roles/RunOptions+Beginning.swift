import Foundation
import RunLog

extension RunOptions {
    /// What `--resume-if-begun` finds.
    enum Beginning {
        /// A run to start or to continue, with these options and where its directory is made already.
        case run(RunOptions, RunDirectory?)
        case finished(RunDirectory)
    }

    /// The options as they are, or those that continue a run that has begun.
    func beginning() throws -> Beginning {
        guard resumeIfBegun else { return .run(self, nil) }
        guard let name, resume == nil else {
            throw CommandFailure(
                CommandFailure.usage, "--resume-if-begun finds the run by its name; say --name, and leave out --resume")
        }
        let directory = RunDirectory(runs + "/" + name)
        guard FileManager.default.fileExists(atPath: directory.path) else { return .run(self, nil) }
        // Its coordinator was killed before there was a record.
        guard FileManager.default.fileExists(atPath: directory.recordPath) else { return .run(self, directory) }
        let record = try directory.record()
        let wanted = steps ?? epochs.map { RunOptions.steps(epochs: $0, images: record.images_per_epoch, record.batch ?? 1) } ?? record.steps
        if record.state == .finished, record.steps >= wanted { return .finished(directory) }
        // One that was lost after its last step lacks the last validation: it goes on before it.
        let wasLost = record.state != .finished && record.state != .interrupted
        guard directory.checkpoints().contains(where: { !wasLost || $0.step < record.steps }) else { return .run(self, directory) }
        var options = self
        options.resume = directory.path
        // Those that a run keeps.
        (options.configuration.preset, options.configuration.config, options.configuration.columns, options.initialize) = (nil, nil, nil, nil)
        if wasLost, restartReason == nil { options.restartReason = "the coordinator before it was lost" }
        return .run(options, nil)
    }

    /// Steps that so many passes over the training set take.
    static func steps(epochs: Int, images: Int, _ batch: Int) -> Int {
        let product = epochs.multipliedReportingOverflow(by: images)
        return product.overflow ? .max : (product.partialValue + batch - 1) / batch
    }
}

extension RunRecord {
    /// Of its recipe.
    var batch: Int? {
        guard case .object(let all) = configuration, case .object(let recipe)? = all["recipe"], case .integer(let batch)? = recipe["batch"] else {
            return nil
        }
        return Int(exactly: batch).flatMap { $0 > 0 ? $0 : nil }
    }
}
