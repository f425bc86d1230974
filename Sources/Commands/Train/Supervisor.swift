import Foundation
import Glibc
import RunLog
import Threading
import Wire

/// Starts the roles of a run and sees to it that none is left when it ends. A worker that is lost is started again by
/// itself, and takes its place in the run; a coordinator or store that is lost takes the run back to its last checkpoint.
final class Supervisor: @unchecked Sendable {
    private let directory: RunDirectory
    private let workers: Int
    private let store: RunOptions.StorePlacement
    private let restarts: Int
    private let coordinator = Monitor<ChildProcess?>(nil)
    private let interrupts = Monitor(0)
    /// What stores and workers are told besides the coordinator's address.
    private let peerArguments: [String]

    /// - Parameter restarts: how often in a row the run is started again without a checkpoint between, and a worker that
    ///   does not live long.
    init(
        directory: RunDirectory, workers: Int, store: RunOptions.StorePlacement, restarts: Int, peerArguments: [String]
    ) {
        (self.directory, self.workers, self.store, self.restarts) = (directory, workers, store, restarts)
        self.peerArguments = peerArguments
    }

    /// The first interrupt ends the run with a checkpoint, the second at once.
    func interrupt() {
        let count = interrupts.update { count in
            count += 1
            return count
        }
        coordinator.read { $0 }?.send(count == 1 ? SIGTERM : SIGKILL)
    }

    /// Runs to the end, from the last checkpoint after each loss of a coordinator or store.
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
            if inARow > 1 { pause(Backoff.seconds(inARow)) }
            guard interrupts.read({ $0 == 0 }) else { return ending.code }
            FaultPlace.clear()
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
        let children = Children(
            directory: directory, coordinator: coordinator, restarts: restarts, peerArguments: peerArguments)
        defer {
            coordinator.end(within: 60)
            // They leave when the coordinator says so, or is gone.
            children.end()
        }
        var hung: String?
        if let address = waitForAddress(addressFile, coordinator) {
            if store == .process { try children.start("store", 0, address) }
            for rank in 0..<workers { try children.start("worker", rank, address) }
            hung = try children.watch(address)
        }
        let code = coordinator.exitCode ?? CommandFailure.software
        if let hung { return Ending(code: code, loss: hung) }
        if code >= 128 { return Ending(code: code, loss: "the coordinator was ended by signal \(code - 128)") }
        guard code == CommandFailure.unavailable else { return Ending(code: code, loss: nil) }
        return Ending(code: code, loss: (try? directory.record().reason) ?? "a process was lost")
    }

    private func waitForAddress(_ path: String, _ coordinator: ChildProcess) -> String? {
        while coordinator.exitCode == nil {
            if let data = FileManager.default.contents(atPath: path) { return String(decoding: data, as: UTF8.self) }
            usleep(5_000)
        }
        return nil
    }
}

/// How long to wait before something is tried again that has failed several times in a row.
enum Backoff {
    /// - Parameter inARow: failures so far.
    static func seconds(_ inARow: Int) -> Double { min(30, 0.5 * Double(1 << min(inARow, 6))) }
}
