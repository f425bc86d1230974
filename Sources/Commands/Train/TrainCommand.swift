import ArgumentParser
import Coordinator
import Foundation
import Glibc
import RunLog
import Threading
import Wire

/// `colonnade train`: coordinator, store and workers on this machine, each a process of its own.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains on this machine, with a process for each role.")

    @OptionGroup var options: RunOptions

    func run() throws {
        let signals = SignalWatch()
        try options.security.checked(for: [.coordinator, .store, .worker])
        // Everything that can be wrong is found here, before a process is started or a file written.
        let settled = try options.settle(listen: SocketAddress(host: "127.0.0.1", port: 0))
        let directory = try settled.resumed ?? RunDirectory.create(runs: options.runs, name: options.name)
        let supervisor = Supervisor(
            directory: directory, workers: settled.plan.workers, store: options.store, restarts: options.restarts,
            peerArguments: options.security.peerArguments(token: directory.tokenPath))
        signals.onInterrupt { supervisor.interrupt() }
        let code: Int32
        do {
            code = try supervisor.run(arguments: Self.coordinatorArguments(), again: options.argumentsForRestart)
        } catch {
            if settled.resumed == nil, MetricsIndex(directory).count == 0 {
                try? FileManager.default.removeItem(atPath: directory.path)
            }
            throw error
        }
        if code != 0 { throw ExitCode(code) }
    }

    /// What was given to `train` is given to its coordinator.
    private static func coordinatorArguments() -> [String] {
        Array(CommandLine.arguments.drop { $0 != "train" }.dropFirst())
    }
}
