import Foundation
import Platform
import Settings

/// A run over several hosts: each process is started by `colonnade host` there.
final class RemoteLaunchTarget: LaunchTarget {
    let directory: String
    let workerHosts, storeHosts: [String]
    /// The connection to the coordinator's host, which is not made again: the coordinator there ends when it breaks.
    private let coordinatorHost: HostConnection
    private let listen: String
    private let protection: (certificates: String?, isInsecure: Bool)
    private let hosts: [String: HostKeeper]
    private let reconnect: @Sendable (HostEntry) throws -> HostKeeper.Connected
    private let reporter: any Reporter
    private let lastProgress = Monitor(RunProgress())

    /// - Parameters:
    ///   - hosts: in the order of the file of hosts; the first is the coordinator's.
    ///   - listen: where the coordinator takes connections.
    ///   - protection: the coordinator's certificates on its host.
    ///   - reconnect: opens a connection that broke again.
    init(
        directory: String, hosts: [HostKeeper.Connected], listen: String, protection: (certificates: String?, isInsecure: Bool),
        hasStores: Bool, reporter: any Reporter, reconnect: @escaping @Sendable (HostEntry) throws -> HostKeeper.Connected
    ) {
        (self.directory, coordinatorHost, self.listen, self.protection) = (directory, hosts[0].connection, listen, protection)
        let entries = hosts.map(\.connection.host)
        self.hosts = Dictionary(uniqueKeysWithValues: hosts.map { ($0.connection.host.label, HostKeeper($0)) })
        workerHosts = entries.flatMap { Array(repeating: $0.label, count: $0.workerCount) }
        storeHosts = hasStores ? entries.filter { $0.workerCount > 0 }.map(\.label) : []
        (self.reconnect, self.reporter) = (reconnect, reporter)
    }

    var progress: RunProgress {
        guard case .progress(let progress)? = try? coordinatorHost.ask(.progress) else { return lastProgress.read { $0 } }
        lastProgress.update { $0 = progress }
        return progress
    }

    var coordinatorHostSilence: Double { coordinatorHost.silence }

    func startCoordinator(_ request: RunRequest, reports: CoordinatorReports) throws -> any RoleProcess {
        var request = request
        (request.directory, request.listen) = (directory, request.formerAddress ?? listen)
        (request.security.certificates, request.isInsecure) = protection
        return coordinatorHost.start(
            "coordinator", name: "coordinator on \(coordinatorHost.host.label)", arguments: ReportingPipes.coordinatorArguments,
            request: try JSONEncoder().encode(request), reports: reports)
    }

    func start(_ role: String, _ rank: Int, coordinator address: String) throws -> any RoleProcess {
        let host = role == "store" ? storeHosts[rank] : workerHosts[rank]
        guard let connected = hosts[host]?.connected else {
            throw CommandFailure(CommandFailure.software, "there is no host \(host)")
        }
        return connected.connection.start(
            role, name: "\(role) \(rank) on \(host)",
            arguments: [role, "--coordinator", address] + connected.arguments
                + (role == "worker" ? dataArguments(connected.connection.host) : []))
    }

    private func dataArguments(_ host: HostEntry) -> [String] { host.data.map { ["--data", $0] } ?? [] }

    func willStartAgain(_ process: any RoleProcess, after code: Int32) {
        reporter.line("\(process.name) ended with exit code \(code) and is started again" + (process.lastWords.map { ": \($0)" } ?? ""))
    }

    func watchHosts(_ report: @escaping @Sendable (HostEvent) -> Void) {
        for (name, keeper) in hosts where name != coordinatorHost.host.label { keeper.watch(reconnect: reconnect, report: report) }
    }

    func stopWatching() { for keeper in hosts.values { keeper.stop() } }
}
