import ArgumentParser
import Coordinator
import Foundation
import Glibc
import Partition
import Platform
import RunLog
import Security

/// `colonnade train`: coordinator, store and workers on this machine, each a process of its own.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains on this machine, with a process for each role.")

    @OptionGroup var given: RunOptions

    func run() throws {
        let signals = SignalWatch()
        switch try given.beginning() {
        case .finished(let run): Terminal.line("\(run.path) is finished")
        case .run(let options, let found): try run(options, found, signals)
        }
    }

    private func run(_ options: RunOptions, _ found: RunDirectory?, _ signals: SignalWatch) throws {
        try options.security.checked(for: [.coordinator, .store, .worker])
        // Everything that can be wrong is found here, before a process is started or a file written.
        let settled = try options.settle(listen: SocketAddress(host: "127.0.0.1", port: 0))
        let directory = try settled.resumed ?? found ?? RunDirectory.create(runs: options.runs, name: options.name)
        let supervisor = Supervisor(
            place: LocalPlace(directory, peerArguments: options.security.peerArguments(token: directory.tokenPath)),
            workers: settled.plan.workers, stores: options.store == .process ? 1 : 0, restarts: options.restarts)
        signals.onInterrupt { supervisor.interrupt() }
        var again = options
        (again.workers, again.replicas) = (settled.plan.workers, settled.plan.layout.replicas)
        let code: Int32
        do {
            let coordinator = try supervisor.run(arguments: Self.coordinatorArguments(), again: again.argumentsForRestart)
            code = coordinator.exitCode ?? CommandFailure.software
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
