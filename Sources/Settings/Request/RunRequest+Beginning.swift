import Foundation
import Platform
package import RunLog

extension RunRequest {
    /// The result of looking for a run with `--resume-if-begun`.
    package enum Beginning: Sendable {
        /// A run to start or to continue with these options, and its directory if that exists already.
        case run(RunRequest, RunDirectory?)
        case finished(RunDirectory)
    }

    /// Returns the options unchanged, or options that continue a run that has begun.
    package func beginning() throws -> Beginning {
        guard resumeIfBegun else { return .run(self, nil) }
        guard let name, resume == nil else {
            throw CommandFailure(
                CommandFailure.usage, "--resume-if-begun finds the run by its name; give --name, and leave out --resume")
        }
        let directory = RunDirectory(runs + "/" + name)
        guard FileManager.default.fileExists(atPath: directory.path) else { return .run(self, nil) }
        // Its coordinator was killed before it wrote the record.
        guard FileManager.default.fileExists(atPath: directory.recordPath) else { return .run(self, directory) }
        let record = try directory.record()
        let asked = steps ?? epochs.map { RunRequest.steps(epochs: $0, images: record.images_per_epoch, record.batch ?? 1) }
        let wanted = asked ?? record.steps
        if record.state == .finished, record.steps >= wanted { return .finished(directory) }
        let hasFailed = record.state != .finished && record.state != .interrupted
        // One of the last step counts too: a run that failed after it makes up for the validation that it may lack, and ends.
        var request = self
        // Workers and stores may wait for a coordinator that was killed, with all that was committed.
        if record.state == .running { (request.takesOver, request.directory) = (true, directory.path) }
        guard !directory.checkpoints().isEmpty else { return .run(request, directory) }
        (request.resume, request.resumeIfBegun) = (directory.path, false)
        // A run keeps its own values of these.
        (request.configuration.preset, request.configuration.file, request.configuration.columns) = (nil, nil, nil)
        request.initialize = nil
        if hasFailed, restartReason == nil { request.restartReason = "the previous coordinator failed" }
        return .run(request, nil)
    }

    /// Returns the number of steps in a number of passes over the training set.
    static func steps(epochs: Int, images: Int, _ batch: Int) -> Int {
        let product = epochs.multipliedReportingOverflow(by: images)
        return product.overflow ? .max : (product.partialValue + batch - 1) / batch
    }
}
