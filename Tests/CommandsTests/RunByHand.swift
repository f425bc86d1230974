import Foundation
import Glibc
import RunLog

/// A coordinator with workers and stores that are started one by one, as on several hosts.
final class RunByHand {
    let runner: CommandRunner
    let name: String
    let coordinator: Process
    private(set) var peers: [Process] = []
    /// Where the coordinator listens.
    let address: String

    /// - Parameter options: of the coordinator, besides the run's name.
    init(_ runner: CommandRunner, _ name: String, _ options: [String], environment: [String: String] = [:]) throws {
        (self.runner, self.name) = (runner, name)
        let file = runner.path("address-\(name)")
        coordinator = try runner.start(["coordinator", "--name", name, "--address-file", file] + options, environment: environment).0
        while coordinator.isRunning, !FileManager.default.fileExists(atPath: file) { usleep(2_000) }
        address = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    }

    /// What a test leaves behind ends with it.
    deinit {
        for process in [coordinator] + peers where process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    var directory: RunDirectory { RunDirectory(runner.path("runs/\(name)")) }

    @discardableResult
    func start(_ role: String = "worker", _ arguments: [String] = [], environment: [String: String] = [:]) throws -> Process {
        let (process, output, errors) = try runner.start([role, "--coordinator", address] + arguments, environment: environment)
        // A pipe that nobody reads would fill.
        for pipe in [output, errors] { pipe.fileHandleForReading.readabilityHandler = { if $0.availableData.isEmpty { $0.readabilityHandler = nil } } }
        peers.append(process)
        return process
    }

    /// A worker in a process namespace of its own: for the run another host, which shares no memory and has a store of its own.
    /// - Returns: nil where this system allows no namespaces.
    func startHost() throws -> (outside: Process, worker: Int32)? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", CommandRunner.executable, "worker", "--coordinator", address,
        ]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        process.currentDirectoryURL = URL(fileURLWithPath: runner.directory)
        process.environment = runner.environment
        try process.run()
        peers.append(process)
        while process.isRunning {
            if let worker = RunProcesses.children(of: process.processIdentifier).first(where: { $0.role == "worker" }) { return (process, worker.process) }
            usleep(5_000)
        }
        return nil
    }

    var steps: [StepMetrics] {
        ((try? directory.metrics()) ?? []).compactMap { if case .step(let step) = $0 { step } else { nil } }
    }

    var validations: [ValidationMetrics] {
        ((try? directory.metrics()) ?? []).compactMap { if case .validation(let line) = $0 { line } else { nil } }
    }

    var events: [RunEvent] {
        let text = (try? String(contentsOfFile: directory.eventsPath, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(RunEvent.self, from: Data($0.utf8)) }
    }

    func events(_ kind: String) -> [RunEvent] { events.filter { $0.kind == kind } }

    /// Waits until so many more steps are there, or the run has ended.
    func train(_ count: Int) {
        let aim = steps.count + count
        while coordinator.isRunning, steps.count < aim { usleep(5_000) }
    }

    /// Waits for so many events of a kind, or the end.
    func wait(for kind: String, _ count: Int) {
        while coordinator.isRunning, events(kind).count < count { usleep(5_000) }
    }

    /// Asks for another layout once the run has begun; before that it is refused.
    func resize(_ workers: Int, _ replicas: Int? = nil) throws -> CommandRunner.Result {
        wait(for: "started", 1)
        return try runner.run(["runs", "resize", name, "--workers", "\(workers)"] + (replicas.map { ["--replicas", "\($0)"] } ?? []))
    }

    /// Waits for the end of all.
    /// - Returns: the coordinator's exit code.
    func end() -> Int32 {
        for process in [coordinator] + peers { process.waitUntilExit() }
        return coordinator.terminationStatus
    }
}
