import ArgumentParser
import Coordinator
import Foundation
import Glibc
import Partition
import Platform
import RunLog
import Security
import Settings
import Supervision

/// `colonnade train`: coordinator, store and workers on this machine, each a process of its own.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains on this machine, with a process for each role.")

    @OptionGroup var given: RunOptions

    func run() throws {
        let signals = SignalWatch()
        switch try given.request.beginning() {
        case .finished(let run): Terminal.line("\(run.path) is finished")
        case .run(let request, let found): try run(request, found, signals)
        }
    }

    private func run(_ given: RunRequest, _ found: RunDirectory?, _ signals: SignalWatch) throws {
        try given.security.checked(for: [.coordinator, .store, .worker])
        // Everything that can be wrong is found here, before a process is started or a file written.
        let resolved = try given.resolve(listen: SocketAddress(host: "127.0.0.1", port: 0))
        let directory = try resolved.resumed ?? found ?? RunDirectory.create(runs: given.runs, name: given.name)
        var request = given
        // The layout of now, also where the run is taken up again after it has changed.
        (request.workers, request.replicas) = (resolved.plan.workers, resolved.plan.layout.replicas)
        let target = LocalLaunchTarget(
            directory, workers: resolved.plan.workers, stores: given.store == .process ? 1 : 0,
            peerArguments: given.security.peerArguments(token: directory.tokenPath))
        let supervisor = Supervisor(target, request, reporter: TerminalReporter())
        signals.onInterrupt { supervisor.interrupt() }
        let code: Int32
        do {
            let coordinator = try supervisor.run()
            code = coordinator.exitCode ?? CommandFailure.software
        } catch {
            if resolved.resumed == nil, MetricsIndex(directory).count == 0 {
                try? FileManager.default.removeItem(atPath: directory.path)
            }
            throw error
        }
        if code != 0 { throw ExitCode(code) }
    }
}
