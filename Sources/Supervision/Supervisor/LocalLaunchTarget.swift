import Foundation
package import RunLog
package import Settings

/// A run on this machine: its processes are this one's children.
package final class LocalLaunchTarget: LaunchTarget {
    private let run: RunDirectory
    package let workerHosts, storeHosts: [String]
    /// The arguments of stores and workers besides the coordinator's address.
    private let peerArguments: [String]
    private let memory = ProcessMemory()

    package init(_ run: RunDirectory, workers: Int, stores: Int, peerArguments: [String]) {
        (self.run, self.peerArguments) = (run, peerArguments)
        (workerHosts, storeHosts) = (Array(repeating: "", count: workers), Array(repeating: "", count: stores))
    }

    package var directory: String { run.path }
    package var progress: RunProgress { RunProgress(run) }
    package let coordinatorHostSilence = 0.0

    package func startCoordinator(_ request: RunRequest, reports: CoordinatorReports) throws -> any RoleProcess {
        var request = request
        (request.directory, request.listen) = (run.path, request.formerAddress ?? "127.0.0.1:0")
        return try ReportingPipes().start(
            name: "coordinator", arguments: ReportingPipes.coordinatorArguments, request: JSONEncoder().encode(request),
            memory: memory["coordinator"], output: .inherited, report: { reports.receive($0) })
    }

    package func start(_ role: String, _ rank: Int, coordinator address: String) throws -> any RoleProcess {
        let (name, held) = ("\(role) \(rank)", memory["\(role) \(rank)"])
        return try ChildProcess(
            name: name, arguments: [role, "--coordinator", address] + peerArguments + ProcessMemory.arguments(held),
            passing: ProcessMemory.passing(held), output: .file(run.logPath(role: role, rank: rank)))
    }

    /// The coordinator says on this terminal that the run has paused, and why.
    package func willStartAgain(_ process: any RoleProcess, after code: Int32) {}

    package func watchHosts(_ report: @escaping @Sendable (HostEvent) -> Void) {}
    package func stopWatching() {}
}
