import Foundation
import Glibc
import RunLog
import Threading

/// Starts the roles of a run, starts them again when one is lost, and sees to it that none is left when it ends.
final class Supervisor: @unchecked Sendable {
    private let directory: RunDirectory
    private let workers: Int
    private let store: RunOptions.StorePlacement
    private let restarts: Int
    private let coordinator = Monitor<ChildProcess?>(nil)
    private let interrupts = Monitor(0)
    /// What stores and workers are told besides the coordinator's address.
    var peerArguments: [String] = []

    /// - Parameter restarts: how often in a row the run is started again without a checkpoint between.
    init(directory: RunDirectory, workers: Int, store: RunOptions.StorePlacement, restarts: Int) {
        (self.directory, self.workers, self.store, self.restarts) = (directory, workers, store, restarts)
    }

    /// The first interrupt ends the run with a checkpoint, the second at once.
    func interrupt() {
        let count = interrupts.update { count in
            count += 1
            return count
        }
        coordinator.read { $0 }?.send(count == 1 ? SIGTERM : SIGKILL)
    }

    /// Runs to the end, from the last checkpoint after each loss.
    /// - Parameters:
    ///   - arguments: the coordinator's, at first.
    ///   - again: its arguments besides the run when it takes it up again.
    /// - Returns: the coordinator's exit code.
    func run(arguments: [String], again: [String]) throws -> Int32 {
        var (inARow, reached, restart) = (0, directory.checkpoints().last?.step, [String]())
        while true {
            let ending = try attempt(restart.isEmpty ? arguments : restart)
            guard let loss = ending.loss, interrupts.read({ $0 == 0 }) else { return ending.code }
            let checkpoint = directory.checkpoints().last?.step
            let isUsable = try directory.checkpoints().contains { try $0.step < directory.record().steps }
            inARow = checkpoint == reached ? inARow + 1 : 1
            reached = checkpoint
            guard inARow <= restarts else {
                if restarts > 0 { Terminal.error("\(loss) \(inARow) times in a row: the run is not started again") }
                return ending.code
            }
            // At once after the first loss; a cause that stays gets more and more time to go away.
            if inARow > 1 { pause(min(30, 0.5 * Double(1 << min(inARow, 6)))) }
            guard interrupts.read({ $0 == 0 }) else { return ending.code }
            restart = (isUsable ? ["--resume", directory.path] + again : arguments) + ["--restart-reason", loss]
        }
    }

    private func pause(_ seconds: Double) { _ = interrupts.wait(timeout: seconds) { $0 > 0 ? true : nil } }

    /// How an attempt ended.
    private struct Ending {
        let code: Int32
        /// What was lost, where the run can go on.
        let loss: String?
    }

    private func attempt(_ arguments: [String]) throws -> Ending {
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
        if let address = waitForAddress(addressFile, coordinator) {
            if store == .process { others.append(try start("store", 0, address)) }
            for rank in 0..<workers { others.append(try start("worker", rank, address)) }
            try watch(coordinator, others)
        }
        let code = coordinator.exitCode ?? CommandFailure.software
        if code >= 128 { return Ending(code: code, loss: "the coordinator was ended by signal \(code - 128)") }
        guard code == CommandFailure.unavailable else { return Ending(code: code, loss: nil) }
        return Ending(code: code, loss: (try? directory.record().reason) ?? "a process was lost")
    }

    private func start(_ role: String, _ rank: Int, _ address: String) throws -> ChildProcess {
        try ChildProcess(
            name: "\(role) \(rank)", arguments: [role, "--coordinator", address] + peerArguments,
            logPath: directory.logPath(role: role, rank: rank))
    }

    private func waitForAddress(_ path: String, _ coordinator: ChildProcess) -> String? {
        while coordinator.exitCode == nil {
            if let data = FileManager.default.contents(atPath: path) { return String(decoding: data, as: UTF8.self) }
            usleep(5_000)
        }
        return nil
    }

    /// Waits for the coordinator; a process that ends before it joined is something it cannot know.
    private func watch(_ coordinator: ChildProcess, _ others: [ChildProcess]) throws {
        var firstFailure: (child: ChildProcess, at: Double)?
        while coordinator.exitCode == nil {
            if firstFailure == nil, let failed = others.first(where: { ($0.exitCode ?? 0) != 0 }) {
                firstFailure = (failed, MonotonicClock.now)
            }
            if let (child, time) = firstFailure, MonotonicClock.now - time > 3 {
                // One that was killed before it joined may be started again with the rest; what it says of itself stays.
                if (child.exitCode ?? 0) >= 128 {
                    coordinator.send(SIGKILL)
                    coordinator.end(within: 10)
                    return
                }
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
