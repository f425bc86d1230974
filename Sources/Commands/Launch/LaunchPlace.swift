import Foundation
import Glibc

/// A run over several hosts: each process is started by `colonnade host` there.
final class LaunchPlace: RunPlace {
    let directory: String
    private let coordinatorHost: HostConnection
    private let listen: String
    private let coordinatorArguments: [String]
    /// The hosts of workers, by rank, and of stores.
    private let workers, stores: [String]
    private var connections: [String: HostConnection]
    /// What stores and workers of a host are told besides the coordinator's address.
    private var peerArguments: [String: [String]]
    private let reconnect: (HostEntry) throws -> (HostConnection, peerArguments: [String])
    private var coordinator: RemoteProcess?
    private var lastProgress = RunProgress()

    /// - Parameters:
    ///   - connections: in the order of the file of hosts; the first is the coordinator's.
    ///   - listen: where the coordinator takes connections.
    ///   - coordinatorArguments: of every start of it.
    ///   - peerArguments: of the stores and workers of a host.
    ///   - reconnect: opens a connection that broke again.
    init(
        directory: String, connections: [HostConnection], listen: String, coordinatorArguments: [String],
        peerArguments: [String: [String]], hasStores: Bool, reconnect: @escaping (HostEntry) throws -> (HostConnection, peerArguments: [String])
    ) {
        (self.directory, coordinatorHost, self.listen, self.coordinatorArguments) = (directory, connections[0], listen, coordinatorArguments)
        self.connections = Dictionary(uniqueKeysWithValues: connections.map { ($0.host.label, $0) })
        workers = connections.flatMap { Array(repeating: $0.host.label, count: $0.host.workerCount) }
        stores = hasStores ? connections.filter { $0.host.workerCount > 0 }.map(\.host.label) : []
        (self.peerArguments, self.reconnect) = (peerArguments, reconnect)
    }

    var storeCount: Int { stores.count }
    var workerCount: Int { workers.count }

    var progress: RunProgress {
        if case .progress(let progress)? = try? coordinatorHost.ask(.progress) { lastProgress = progress }
        return lastProgress
    }

    func startCoordinator(_ arguments: [String]) throws -> any RoleProcess {
        let process = coordinatorHost.start(
            "coordinator", name: "coordinator on \(coordinatorHost.host.label)",
            arguments: ["coordinator"] + arguments + coordinatorArguments + ["--listen", listen, "--directory", directory],
            announces: true)
        coordinator = process
        return process
    }

    func coordinatorAddress() -> String? { coordinator?.address }

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
            role, name: name, arguments: [role, "--coordinator", address] + (peerArguments[host] ?? []) + (role == "worker" ? dataArguments(connection.host) : []))
    }

    private func dataArguments(_ host: HostEntry) -> [String] { host.data.map { ["--data", $0] } ?? [] }

    func evictions() -> [Eviction] { coordinatorHost.evictions() }

    func willStartAgain(_ process: any RoleProcess, after code: Int32) {
        Terminal.line("\(process.name) ended with exit code \(code) and is started again" + (process.lastWords.map { ": \($0)" } ?? ""))
    }
}
