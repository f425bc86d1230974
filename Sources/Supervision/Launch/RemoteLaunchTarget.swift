import Foundation
import Glibc
import Platform
import Settings

/// A run over several hosts: each process is started by `colonnade host` there.
final class RemoteLaunchTarget: LaunchTarget {
    let directory: String
    private let coordinatorHost: HostConnection
    private let listen: String
    private let protection: (certificates: String?, isInsecure: Bool)
    /// The hosts of workers, by rank, and of stores.
    private let workers, stores: [String]
    private var connections: [String: HostConnection]
    /// Arguments of a host's stores and workers besides the coordinator's address.
    private var peerArguments: [String: [String]]
    private let reconnect: (HostEntry) throws -> (HostConnection, peerArguments: [String])
    private let reporter: any Reporter
    private var lastProgress = RunProgress()

    /// - Parameters:
    ///   - connections: in the order of the file of hosts; the first is the coordinator's.
    ///   - listen: where the coordinator takes connections.
    ///   - protection: the coordinator's certificates on its host.
    ///   - peerArguments: of the stores and workers of a host.
    ///   - reconnect: opens a connection that broke again.
    init(
        directory: String, connections: [HostConnection], listen: String, protection: (certificates: String?, isInsecure: Bool),
        peerArguments: [String: [String]], hasStores: Bool, reporter: any Reporter,
        reconnect: @escaping (HostEntry) throws -> (HostConnection, peerArguments: [String])
    ) {
        (self.directory, coordinatorHost, self.listen, self.protection) = (directory, connections[0], listen, protection)
        self.connections = Dictionary(uniqueKeysWithValues: connections.map { ($0.host.label, $0) })
        workers = connections.flatMap { Array(repeating: $0.host.label, count: $0.host.workerCount) }
        stores = hasStores ? connections.filter { $0.host.workerCount > 0 }.map(\.host.label) : []
        (self.peerArguments, self.reconnect) = (peerArguments, reconnect)
        self.reporter = reporter
    }

    var storeCount: Int { stores.count }
    var workerCount: Int { workers.count }

    var progress: RunProgress {
        if case .progress(let progress)? = try? coordinatorHost.ask(.progress) { lastProgress = progress }
        return lastProgress
    }

    func startCoordinator(_ request: RunRequest) throws -> (process: any RoleProcess, reports: CoordinatorReports) {
        var request = request
        (request.directory, request.listen) = (directory, listen)
        (request.security.certificates, request.isInsecure) = protection
        let reports = CoordinatorReports()
        let process = coordinatorHost.start(
            "coordinator", name: "coordinator on \(coordinatorHost.host.label)", arguments: ReportingPipes.coordinatorArguments,
            request: try JSONEncoder().encode(request), reports: reports)
        return (process, reports)
    }

    func start(_ role: String, _ rank: Int, coordinator address: String) throws -> any RoleProcess {
        let host = role == "store" ? stores[rank] : workers[rank]
        let name = "\(role) \(rank) on \(host)"
        if let connection = connections[host], connection.isOver, connection !== coordinatorHost {
            do {
                let (again, arguments) = try reconnect(connection.host)
                (connections[host], peerArguments[host]) = (again, arguments)
            } catch {
                let process = RemoteProcess(id: 0, role: role, name: name, host: nil) { _, _ in }
                process.lost(CommandFailure(error)?.description ?? "\(error)")
                return process
            }
        }
        guard let connection = connections[host] else {
            throw CommandFailure(CommandFailure.software, "there is no host \(host)")
        }
        return connection.start(
            role, name: name,
            arguments: [role, "--coordinator", address] + (peerArguments[host] ?? [])
                + (role == "worker" ? dataArguments(connection.host) : []))
    }

    private func dataArguments(_ host: HostEntry) -> [String] { host.data.map { ["--data", $0] } ?? [] }

    func willStartAgain(_ process: any RoleProcess, after code: Int32) {
        reporter.line("\(process.name) ended with exit code \(code) and is started again" + (process.lastWords.map { ": \($0)" } ?? ""))
    }
}
