import Foundation
import Glibc
import RunLog
import Threading

/// Starts the roles of a run, and sees to it that none is left when it ends.
final class Supervisor: @unchecked Sendable {
    private let directory: RunDirectory
    private let workers: Int
    private let store: RunOptions.StorePlacement
    private let coordinator = Monitor<ChildProcess?>(nil)
    private let interrupts = Monitor(0)

    init(directory: RunDirectory, workers: Int, store: RunOptions.StorePlacement) {
        (self.directory, self.workers, self.store) = (directory, workers, store)
    }

    /// The first interrupt ends the run with a checkpoint, the second at once.
    func interrupt() {
        let count = interrupts.update { count in
            count += 1
            return count
        }
        coordinator.read { $0 }?.send(count == 1 ? SIGTERM : SIGKILL)
    }

    /// Runs to the end.
    /// - Returns: the coordinator's exit code.
    func run(arguments: [String]) throws -> Int32 {
        let addressFile = directory.path + "/.coordinator-address"
        try? FileManager.default.removeItem(atPath: addressFile)
        defer { try? FileManager.default.removeItem(atPath: addressFile) }
        let coordinator = try ChildProcess(
            name: "coordinator",
            arguments: ["coordinator"] + arguments
                + ["--listen", "127.0.0.1:0", "--directory", directory.path, "--address-file", addressFile],
            logPath: nil)
        self.coordinator.update { $0 = coordinator }
        var others: [ChildProcess] = []
        defer {
            coordinator.end(within: 60)
            // They leave when the coordinator says so, or is gone.
            for child in others { child.end(within: 10) }
        }
        guard let address = waitForAddress(addressFile, coordinator) else {
            return coordinator.exitCode ?? CommandFailure.software
        }
        if store == .process {
            others.append(try start("store", 0, address))
        }
        for rank in 0..<workers { others.append(try start("worker", rank, address)) }
        return try watch(coordinator, others)
    }

    private func start(_ role: String, _ rank: Int, _ address: String) throws -> ChildProcess {
        try ChildProcess(
            name: "\(role) \(rank)", arguments: [role, "--coordinator", address],
            logPath: directory.logPath(role: role, rank: rank))
    }

    private func waitForAddress(_ path: String, _ coordinator: ChildProcess) -> String? {
        while coordinator.exitCode == nil {
            if let data = FileManager.default.contents(atPath: path) { return String(decoding: data, as: UTF8.self) }
            usleep(5_000)
        }
        return nil
    }

    /// Waits for the coordinator; a worker that ends before it joined is something it cannot know.
    private func watch(_ coordinator: ChildProcess, _ others: [ChildProcess]) throws -> Int32 {
        var firstFailure: (child: ChildProcess, at: Double)?
        while true {
            if let code = coordinator.exitCode { return code }
            if firstFailure == nil, let failed = others.first(where: { ($0.exitCode ?? 0) != 0 }) {
                firstFailure = (failed, MonotonicClock.now)
            }
            if let (child, time) = firstFailure, MonotonicClock.now - time > 3 {
                coordinator.send(SIGTERM)
                coordinator.end(within: 10)
                throw CommandFailure(
                    CommandFailure.temporary,
                    "\(child.name) ended: \(child.lastWords ?? "exit code \(child.exitCode ?? 0)"); its log is \(child.logPath ?? "-")")
            }
            usleep(20_000)
        }
    }
}
