import ArgumentParser
import Foundation
import Glibc
import NeuralNetwork
import Wire
import Worker

/// `colonnade worker`: hosts columns of a run.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Hosts columns of a run; started once for each worker that the run needs.")

    @Option(help: ArgumentHelp("The run's coordinator.", valueName: "host:port"))
    var coordinator: String

    @Option(
        help: ArgumentHelp(
            "The data set on this host (default: the coordinator's path; where that has not the same data, it is fetched).",
            valueName: "dir"))
    var data: String?

    @Flag(help: "Fetch the data set from the coordinator even where its path has it.")
    var fetchData = false

    @Option(help: ArgumentHelp("Where fetched data sets are kept (default: ~/.cache/colonnade/datasets).", valueName: "dir"))
    var dataCache: String?

    @Option(help: "Kernel threads; has to be the run's (default: the run's).")
    var threads: Int?

    @OptionGroup var peer: PeerOptions

    func validate() throws {
        if let threads, !(1...Recipe.mostThreads).contains(threads) {
            throw ValidationError("--threads has to be from 1 to \(Recipe.mostThreads), not \(threads)")
        }
    }

    func run() throws {
        ParentProcess.dieWithIt()
        let signals = PeerSignals()
        let address = try peer.check(coordinator)
        var options = WorkerService.Options(coordinator: address)
        (options.data, options.threads, options.listen) = (data, threads, try peer.address)
        (options.fetchesData, options.dataCache, options.patience) = (fetchData, dataCache, peer.coordinatorPatience)
        let log = ProcessLog { Terminal.line($0) }
        let security = try peer.protection(.worker, log)
        options.security = security
        options.startStore = { try EmbeddedStore.start($0, security: security.sibling(.store)) }
        let worker = try WorkerService(options, log: log)
        signals.onInterrupt { worker.leave() }
        try peer.end(worker.serve())
    }
}
