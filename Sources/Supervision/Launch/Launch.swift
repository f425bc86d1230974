import Foundation
import Glibc
import Platform
import Security
package import Settings

/// A run over several hosts, from the first connection to the last.
package final class Launch: Sendable {
    private let file: HostsFile
    private let request: RunRequest
    private let isInsecure: Bool
    private let certificates: HostCertificates?
    private let reporter: any Reporter
    private let show: @Sendable (_ host: String, _ process: String, _ line: String) -> Void
    private let supervisor = Monitor<(supervisor: Supervisor?, isInterrupted: Bool)>((nil, false))

    /// - Parameters:
    ///   - isInsecure: whether connections are not encrypted.
    ///   - show: takes lines of processes, from any thread.
    /// - Throws: `CommandFailure` where hosts and options do not go together.
    package init(
        _ file: HostsFile, request: RunRequest, isInsecure: Bool, reporter: any Reporter,
        show: @escaping @Sendable (_ host: String, _ process: String, _ line: String) -> Void
    ) throws {
        (self.file, self.request, self.isInsecure) = (file, request, isInsecure)
        self.reporter = reporter
        self.show = show
        let elsewhere = file.hosts.dropFirst().first { !SocketAddress(host: $0.reachedAt, port: 0).isLoopback }
        if let elsewhere, SocketAddress(host: file.first.reachedAt, port: 0).isLoopback {
            throw CommandFailure(
                CommandFailure.configuration,
                "\(file.first.label) has the address \(file.first.reachedAt), which \(elsewhere.label) cannot reach; write address: with one that it can"
            )
        }
        guard file.workers > 0 else {
            throw CommandFailure(CommandFailure.configuration, "no host has workers; write workers: for one at least")
        }
        guard file.first.workerCount > 0 || request.store == .process else {
            throw CommandFailure(
                CommandFailure.configuration,
                "\(file.first.label) has the coordinator and no worker, so that the store in the coordinator's process would keep nothing; give it "
                    + "a worker, or say --store process")
        }
        if let workers = request.workers, workers > file.workers {
            throw CommandFailure(CommandFailure.usage, "--workers \(workers) is more than the \(file.workers) of the file of hosts")
        }
        if let threads = try file.threads, let wanted = request.configuration.threads, threads != wanted {
            throw CommandFailure(
                CommandFailure.usage, "--threads \(wanted) differs from the \(threads) of the file of hosts; state one of them")
        }
        let isMade = !isInsecure && request.security.certificates == nil
        certificates =
            isMade
            ? try HostCertificates(file.hosts.enumerated().map { ($1.label, ($0 == 0 ? [.coordinator] : []) + [.store, .worker]) }) : nil
    }

    /// The first interrupt ends the run with a checkpoint, the second at once. From any thread.
    package func interrupt() {
        let found = supervisor.update { state in
            defer { state.isInterrupted = true }
            return state
        }
        if let supervisor = found.supervisor { supervisor.interrupt() } else { exit(128 + SIGINT) }
    }

    /// - Throws: The first failure, with its host, process and last words.
    package func run() throws {
        let connections = try connect()
        let opened = Monitor(connections)
        defer { Self.close(opened.read { $0 }) }
        let place = try place(connections, opened)
        let supervisor = Supervisor(
            place, try request.completed(by: file, workers: place.workerHosts.count, stores: place.storeHosts.count), reporter: reporter)
        self.supervisor.update { $0.supervisor = supervisor }
        let coordinator = try supervisor.run()
        try report(coordinator, place)
    }

    private func report(_ coordinator: any RoleProcess, _ place: RemoteLaunchTarget) throws {
        if let lost = coordinator.outOfReach {
            throw CommandFailure(
                CommandFailure.unavailable,
                "\(lost); the coordinator there ends the run with a checkpoint when it notices: continue it with --resume \(place.directory)"
            )
        }
        let code = coordinator.exitCode ?? CommandFailure.software
        guard code == 0 else {
            throw CommandFailure(
                code, "\(coordinator.name) ended with exit code \(code): \(coordinator.lastWords ?? "without a word")")
        }
        reporter.line("the run is on \(file.first.label), in \(place.directory)")
    }

    // MARK: Before the run

    /// Connects to all hosts, and compares them.
    private func connect() throws -> [HostConnection] {
        let found = HostGroup.open(file.hosts, show: show)
        let connections = found.compactMap { try? $0.result.get().0 }
        do {
            let failures = found.compactMap { if case .failure(let error) = $0.result { error } else { nil } }
            let facts = found.compactMap { host, result in (try? result.get()).map { (host.label, $0.1) } }
            let problems = failures.map(\.description) + HostGroup.differences(facts, version: Product.version)
            guard let first = problems.first else {
                for connection in connections { try connection.enterDirectory() }
                return connections
            }
            for problem in problems.dropFirst() { reporter.error(problem) }
            throw CommandFailure(failures.first?.code ?? CommandFailure.configuration, first)
        } catch {
            Self.close(connections)
            throw error
        }
    }

    private func place(_ connections: [HostConnection], _ opened: Monitor<[HostConnection]>) throws -> RemoteLaunchTarget {
        let hosts = try connections.map { HostKeeper.Connected(connection: $0, arguments: try peerArguments($0)) }
        let directory = try connections[0].path(
            .open(runs: request.runs, name: request.name, resume: request.resume, mayHaveBegun: request.resumeIfBegun))
        let listen = SocketAddress(host: file.first.reachedAt, port: file.coordinatorPort)
        return RemoteLaunchTarget(
            directory: directory, hosts: hosts, listen: "\(listen)", protection: try protection(connections[0]),
            hasStores: request.store == .process, reporter: reporter
        ) { [self] host in
            let (connection, _) = try HostGroup.open(host, show: show)
            do {
                try connection.enterDirectory()
                let connected = HostKeeper.Connected(connection: connection, arguments: try peerArguments(connection))
                opened.update { $0.append(connection) }
                return connected
            } catch {
                connection.close()
                throw error
            }
        }
    }

    /// The protection of every process of a host, whose certificates are sent there.
    private func protection(_ connection: HostConnection) throws -> (certificates: String?, isInsecure: Bool) {
        if isInsecure { return (nil, true) }
        return (try certificates.map { try $0.send(to: connection) } ?? request.security.certificates, false)
    }

    private func peerArguments(_ connection: HostConnection) throws -> [String] {
        let protection = try protection(connection)
        var security = request.security
        security.certificates = protection.certificates
        return security.arguments + (protection.isInsecure ? ["--insecure"] : [])
    }

    // MARK: After it

    /// Ends what was started, and waits for all hosts at once.
    private static func close(_ connections: [HostConnection]) {
        for connection in connections { connection.close() }
        for connection in connections { connection.waitForEnd(within: 75) }
    }
}
