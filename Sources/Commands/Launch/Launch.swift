import Foundation
import Glibc
import Platform
import Security

/// A run over several hosts, from the first connection to the last.
final class Launch: Sendable {
    private let file: HostsFile
    private let options: RunOptions
    private let isInsecure: Bool
    /// The content of the file that `--config` names.
    private let configuration: [UInt8]?
    private let certificates: HostCertificates?
    private let output: HostOutput
    private let supervisor = Monitor<(supervisor: Supervisor?, isInterrupted: Bool)>((nil, false))

    /// - Throws: `CommandFailure` where hosts and options do not go together.
    init(_ file: HostsFile, options: RunOptions, isInsecure: Bool, configuration: [UInt8]?) throws {
        (self.file, self.options, self.isInsecure, self.configuration) = (file, options, isInsecure, configuration)
        let elsewhere = file.hosts.dropFirst().first { !SocketAddress(host: $0.reachedAt, port: 0).isLoopback }
        if let elsewhere, SocketAddress(host: file.first.reachedAt, port: 0).isLoopback {
            throw CommandFailure(
                CommandFailure.configuration,
                "\(file.first.label) has the address \(file.first.reachedAt), which \(elsewhere.label) cannot reach; write address: with one that it can")
        }
        guard file.workers > 0 else {
            throw CommandFailure(CommandFailure.configuration, "no host has workers; write workers: for one at least")
        }
        guard file.first.workerCount > 0 || options.store == .process else {
            throw CommandFailure(
                CommandFailure.configuration,
                "\(file.first.label) has the coordinator and no worker, so that the store in the coordinator's process would keep nothing; give it "
                    + "a worker, or say --store process")
        }
        if let workers = options.workers, workers > file.workers {
            throw CommandFailure(CommandFailure.usage, "--workers \(workers) is more than the \(file.workers) of the file of hosts")
        }
        if let threads = try file.threads, let wanted = options.configuration.threads, threads != wanted {
            throw CommandFailure(CommandFailure.usage, "--threads \(wanted) differs from the \(threads) of the file of hosts; state one of them")
        }
        output = HostOutput(hosts: file.hosts.map(\.label), processes: "coordinator".count)
        let isMade = !isInsecure && options.security.certificates == nil
        certificates = isMade
            ? try HostCertificates(file.hosts.enumerated().map { ($1.label, ($0 == 0 ? [.coordinator] : []) + [.store, .worker]) }) : nil
    }

    /// The first interrupt ends the run with a checkpoint, the second at once. From any thread.
    func interrupt() {
        let found = supervisor.update { state in
            defer { state.isInterrupted = true }
            return state
        }
        if let supervisor = found.supervisor { supervisor.interrupt() } else { exit(128 + SIGINT) }
    }

    /// - Parameter given: what follows `launch` on the command line.
    /// - Throws: the first failure, with its host, process and last words.
    func run(_ given: [String]) throws {
        let connections = try connect()
        let opened = Monitor(connections)
        defer { Self.close(opened.read { $0 }) }
        let place = try place(connections, opened)
        var again = options
        (again.stores, again.security.certificates) = (max(1, place.storeCount), nil)
        let supervisor = Supervisor(place: place, workers: place.workerCount, stores: place.storeCount, restarts: options.restarts)
        self.supervisor.update { $0.supervisor = supervisor }
        let arguments = try LaunchArguments.forCoordinator(given, configuration: sendConfiguration(connections[0])) + common(place)
        let coordinator = try supervisor.run(arguments: arguments, again: again.argumentsForRestart)
        try report(coordinator, place)
    }

    private func report(_ coordinator: any RoleProcess, _ place: LaunchPlace) throws {
        if let lost = coordinator.outOfReach {
            throw CommandFailure(
                CommandFailure.unavailable,
                "\(lost); the coordinator there ends the run with a checkpoint when it notices: continue it with --resume \(place.directory)")
        }
        let code = coordinator.exitCode ?? CommandFailure.software
        guard code == 0 else {
            throw CommandFailure(
                code, "\(coordinator.name) ended with exit code \(code): \(coordinator.lastWords ?? "without a word")")
        }
        Terminal.line("the run is on \(file.first.label), in \(place.directory)")
    }

    // MARK: Before the run

    /// Connects to all hosts, and compares them.
    private func connect() throws -> [HostConnection] {
        let output = output
        let found = HostGroup.open(file.hosts) { output.show($0, $1, $2) }
        let connections = found.compactMap { try? $0.result.get().0 }
        do {
            let failures = found.compactMap { if case .failure(let error) = $0.result { error } else { nil } }
            let facts = found.compactMap { host, result in (try? result.get()).map { (host.label, $0.1) } }
            let problems = failures.map(\.description) + HostGroup.differences(facts, version: Product.version)
            guard let first = problems.first else {
                for connection in connections { try connection.enterDirectory() }
                return connections
            }
            for problem in problems.dropFirst() { Terminal.error(problem) }
            throw CommandFailure(failures.first?.code ?? CommandFailure.configuration, first)
        } catch {
            Self.close(connections)
            throw error
        }
    }

    private func place(_ connections: [HostConnection], _ opened: Monitor<[HostConnection]>) throws -> LaunchPlace {
        var peerArguments: [String: [String]] = [:]
        for connection in connections { peerArguments[connection.host.label] = try self.peerArguments(connection) }
        let security = try security(connections[0])
        let directory = try connections[0].path(.open(runs: options.runs, name: options.name, resume: options.resume, mayHaveBegun: options.resumeIfBegun))
        let listen = SocketAddress(host: file.first.reachedAt, port: file.coordinatorPort)
        let output = output
        return LaunchPlace(
            directory: directory, connections: connections, listen: "\(listen)", coordinatorArguments: security, peerArguments: peerArguments,
            hasStores: options.store == .process
        ) { [self] host in
            let (connection, _) = try HostGroup.open(host) { output.show($0, $1, $2) }
            opened.update { $0.append(connection) }
            try connection.enterDirectory()
            return (connection, try self.peerArguments(connection))
        }
    }

    /// The protection of every process of a host, with its certificates left there.
    private func security(_ connection: HostConnection) throws -> [String] {
        if isInsecure { return ["--insecure"] }
        if let certificates { return ["--certificates", try certificates.send(to: connection)] }
        return options.security.certificates.map { ["--certificates", $0] } ?? []
    }

    private func peerArguments(_ connection: HostConnection) throws -> [String] {
        var limits = options.security
        limits.certificates = nil
        return try security(connection) + limits.arguments
    }

    private func sendConfiguration(_ connection: HostConnection) throws -> String? {
        try configuration.map { try connection.path(.keep(name: "run.yaml", content: Data($0))) }
    }

    /// What the file of hosts says about the run, for the coordinator's first start.
    private func common(_ place: LaunchPlace) throws -> [String] {
        var arguments: [String] = []
        if let data = options.data ?? file.first.data { arguments += ["--data", data] }
        if options.workers == nil { arguments += ["--workers", "\(place.workerCount)"] }
        if options.configuration.threads == nil, let threads = try file.threads { arguments += ["--threads", "\(threads)"] }
        if place.storeCount > 0 { arguments += ["--stores", "\(place.storeCount)"] }
        // What the run's prediction is made from: of different connections the slowest, which the others wait for.
        let stated = file.hosts.filter { $0.workerCount > 0 }
        func pick(_ words: [String], _ number: (String) -> Double?, _ isWorse: (Double, Double) -> Bool) -> String? {
            words.compactMap { word in number(word).map { (word, $0) } }.max { isWorse($1.1, $0.1) }?.0
        }
        if options.bandwidth == nil, let bandwidth = pick(stated.compactMap(\.bandwidth), Quantity.bandwidth, <) {
            arguments += ["--bandwidth", bandwidth]
        }
        if options.latency == nil, let latency = pick(stated.compactMap(\.latency), Quantity.time, >) { arguments += ["--latency", latency] }
        return arguments
    }

    // MARK: After it

    /// Ends what was started, and waits for all hosts at once.
    private static func close(_ connections: [HostConnection]) {
        for connection in connections { connection.close() }
        for connection in connections { connection.waitForEnd(within: 75) }
    }
}
