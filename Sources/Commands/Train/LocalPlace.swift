import Foundation
import RunLog

/// A run on this machine: its processes are this one's children.
final class LocalPlace: RunPlace {
    private let run: RunDirectory
    /// What stores and workers are told besides the coordinator's address.
    private let peerArguments: [String]
    private var evicted: EvictionTail

    init(_ run: RunDirectory, peerArguments: [String]) {
        (self.run, self.peerArguments) = (run, peerArguments)
        evicted = EvictionTail(run)
    }

    var directory: String { run.path }
    var progress: RunProgress { RunProgress(run) }
    private var addressFile: String { run.path + "/.coordinator-address" }

    func startCoordinator(_ arguments: [String]) throws -> any RoleProcess {
        try? FileManager.default.removeItem(atPath: addressFile)
        evicted = EvictionTail(run)
        return try ChildProcess(
            name: "coordinator",
            arguments: ["coordinator"] + arguments
                + ["--listen", "127.0.0.1:0", "--directory", run.path, "--address-file", addressFile],
            logPath: nil)
    }

    func coordinatorAddress() -> String? {
        guard let data = FileManager.default.contents(atPath: addressFile) else { return nil }
        try? FileManager.default.removeItem(atPath: addressFile)
        return String(decoding: data, as: UTF8.self)
    }

    func start(_ role: String, _ rank: Int, coordinator address: String) throws -> any RoleProcess {
        try ChildProcess(
            name: "\(role) \(rank)", arguments: [role, "--coordinator", address] + peerArguments,
            logPath: run.logPath(role: role, rank: rank))
    }

    func evictions() -> [Eviction] { evicted.new() }

    /// The coordinator says on this terminal that it holds, and why.
    func willStartAgain(_ process: any RoleProcess, after code: Int32) {}
}
