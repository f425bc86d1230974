import Foundation
import RunLog
package import Settings

/// The place where a supervised run lies and its processes are started: this machine for `train`, other hosts for `launch`.
/// On the supervisor's thread, but for what says otherwise.
package protocol LaunchTarget: AnyObject {
    /// The run's directory, where the coordinator finds it.
    var directory: String { get }
    /// The progress of the run, as its directory shows it.
    var progress: RunProgress { get }

    /// - Returns: The process, and what it will tell.
    func startCoordinator(_ request: RunRequest) throws -> (process: any RoleProcess, reports: CoordinatorReports)
    func start(_ role: String, _ rank: Int, coordinator address: String) throws -> any RoleProcess
    /// A process has ended that is started again.
    func willStartAgain(_ process: any RoleProcess, after code: Int32)
}

/// A process of a run, wherever it is.
package protocol RoleProcess: AnyObject, Sendable {
    /// `worker 1`, and its host where there are several.
    var name: String { get }
    /// Nil while it runs; 128 and more for the signal that ended it.
    var exitCode: Int32? { get }
    /// The last line that it wrote.
    var lastWords: String? { get }
    /// Where all of its lines are; nil where they were shown.
    var logPath: String? { get }
    /// Why nothing is known of it any more, such as a connection to its host that broke.
    var outOfReach: String? { get }

    func isMeant(by eviction: Eviction) -> Bool
    func send(_ signal: Int32)
    /// Waits for the end, and ends it after the timeout (seconds).
    /// - Parameter signal: sent first; nil only waits.
    func end(within timeout: Double, by signal: Int32?)
}

/// The state of a run's directory, from which it can continue, after a coordinator is gone.
package struct RunProgress: Codable, Sendable, Equatable {
    /// The newest checkpoint's step.
    var checkpoint: Int?
    /// Whether a checkpoint is there that the run can continue from.
    var canResume = false

    init() {}

    init(_ directory: RunDirectory) {
        let checkpoints = directory.checkpoints()
        checkpoint = checkpoints.last?.step
        if let record = try? directory.record() { canResume = checkpoints.contains { $0.step < record.steps } }
    }
}
