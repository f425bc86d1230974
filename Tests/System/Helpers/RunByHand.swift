import RunLog
import TestSupport

/// A coordinator, and workers and stores that are started one by one, as on several hosts.
final class RunByHand {
    let runner: CommandRunner
    let name: String
    let coordinator: StartedProcess
    private(set) var peers: [StartedProcess] = []
    /// The address at which the coordinator listens.
    let address: String

    /// Starts the coordinator and waits until it listens.
    /// - Parameter options: the options of the coordinator, except for the run's name.
    init(_ runner: CommandRunner, _ name: String, _ options: [String]) throws {
        (self.runner, self.name) = (runner, name)
        let listening = try runner.startListening(["coordinator", "--name", name] + options)
        (coordinator, address) = (listening.process, listening.address)
    }

    var directory: RunDirectory { runner.runDirectory(name) }

    @discardableResult
    func start(_ role: String = "worker", _ arguments: [String] = [], environment: [String: String] = [:]) throws -> StartedProcess {
        let process = try runner.start([role, "--coordinator", address] + arguments, environment: environment)
        peers.append(process)
        return process
    }

    /// Starts a worker in a process namespace of its own. For the run it is on another host: it shares no memory and has its own store.
    /// - Returns: nil if this system does not allow namespaces.
    func startHost() throws -> (outside: StartedProcess, worker: Int32)? {
        let host = try runner.startIsolatedWorker(address, ["--mount-proc"])
        if let host { peers.append(host.outside) }
        return host
    }

    /// Waits for so many more steps, or for the end of the run.
    func train(_ count: Int) throws {
        let aim = directory.steps.count + count
        try coordinator.wait(for: "step \(aim)") { directory.steps.count >= aim }
    }

    /// Waits for so many events of a kind, or for the end of the run.
    func wait(for kind: String, _ count: Int) throws {
        try coordinator.wait(for: "\(count) events of the kind \(kind)") { directory.events(kind).count >= count }
    }

    /// Asks for another layout after the start of the training. Before it, the request would be refused.
    func resize(_ workers: Int, _ replicas: Int? = nil) throws -> Program.Result {
        try wait(for: "started", 1)
        return try runner.run(["runs", "resize", name, "--workers", "\(workers)"] + (replicas.map { ["--replicas", "\($0)"] } ?? []))
    }

    /// Waits for the end of all processes.
    /// - Returns: the coordinator's exit code.
    func end() throws -> Int32 {
        for process in [coordinator] + peers { try process.waitUntilExit() }
        return coordinator.terminationStatus
    }
}
