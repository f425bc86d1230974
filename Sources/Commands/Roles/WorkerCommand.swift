import ArgumentParser
import Foundation
import Glibc
import NeuralNetwork
import Protocol
import Security
import Settings
import Supervision
import Worker

/// `colonnade worker`: computes columns of a run.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Computes columns of a run; start one process for each worker that the run needs.")

    @Option(help: ArgumentHelp("The run's coordinator.", valueName: "host:port"))
    var coordinator: String

    @Option(
        help: ArgumentHelp(
            "The data set on this host (default: the coordinator's path; if that does not hold the same data set, it is fetched).",
            valueName: "dir"))
    var data: String?

    @Flag(help: "Fetch the data set from the coordinator even if it exists at the coordinator's path.")
    var fetchData = false

    @Option(help: ArgumentHelp("Directory of fetched data sets (default: ~/.cache/colonnade/datasets).", valueName: "dir"))
    var dataCache: String?

    @Option(help: "Kernel threads; must be the same as the run's (default: the run's).")
    var threads: Int?

    @OptionGroup var peer: PeerOptions
    @OptionGroup var memory: MemoryOption

    func validate() throws {
        if let threads, !(1...Recipe.maximumThreads).contains(threads) {
            throw ValidationError("--threads must be from 1 to \(Recipe.maximumThreads), not \(threads)")
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
        let memory = try memory.file()
        options.startStore = { try EmbeddedStore.start($0, security: security.sibling(.store), memory: memory) }
        let worker = try WorkerService(options, log: log)
        signals.onInterrupt { worker.leave() }
        try peer.end(worker.serve())
    }
}
