import Foundation
import RunLog
package import Settings

/// The place where a supervised run lies and its processes are started: this machine for `train`, other hosts for `launch`.
/// On the supervisor's thread, but for what says otherwise. Starting a process does not wait for it or for a host.
package protocol LaunchTarget: AnyObject, Sendable {
    /// The run's directory, where the coordinator finds it.
    var directory: String { get }
    /// How far the run is, as its directory tells. May wait for a host; from any thread.
    var progress: RunProgress { get }
    /// The names of the hosts of workers and of store processes, by rank.
    var workerHosts: [String] { get }
    var storeHosts: [String] { get }
    /// Seconds since the coordinator's host was heard; 0 for this machine.
    var coordinatorHostSilence: Double { get }

    /// - Parameter reports: takes what the process tells.
    func startCoordinator(_ request: RunRequest, reports: CoordinatorReports) throws -> any RoleProcess
    func start(_ role: String, _ rank: Int, coordinator address: String) throws -> any RoleProcess
    /// A process has ended that will be started again.
    func willStartAgain(_ process: any RoleProcess, after code: Int32)
    /// Reports hosts that are lost and that are back, from threads of its own, and connects to them again until `stopWatching`.
    func watchHosts(_ report: @escaping @Sendable (HostEvent) -> Void)
    func stopWatching()
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
}

/// The state of a run's directory, from which it can continue, after a coordinator is gone.
package struct RunProgress: Codable, Sendable, Equatable {
    /// The newest checkpoint's step.
    package var checkpoint: Int?
    /// Whether a checkpoint is there that the run can continue from.
    package var canResume = false

    package init(checkpoint: Int? = nil, canResume: Bool = false) { (self.checkpoint, self.canResume) = (checkpoint, canResume) }

    init(_ directory: RunDirectory) {
        let checkpoints = directory.checkpoints()
        checkpoint = checkpoints.last?.step
        if let record = try? directory.record() { canResume = checkpoints.contains { $0.step < record.steps } }
    }
}
