import ArgumentParser
import Glibc
import ParameterStore
import Protocol
import Security
import Supervision

/// `colonnade store`: holds a shard of the parameters.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Holds the parameters of a run that was started with --store process.")

    @Option(help: ArgumentHelp("The run's coordinator.", valueName: "host:port"))
    var coordinator: String

    @OptionGroup var peer: PeerOptions
    @OptionGroup var memory: MemoryOption

    func run() throws {
        ParentProcess.dieWithIt()
        let signals = PeerSignals()
        let address = try peer.check(coordinator)
        let log = ProcessLog { Terminal.line($0) }
        let security = try peer.protection(.store, log)
        let store = try StoreService(security: security, memory: memory.file(), log: log)
        signals.onInterrupt { store.leave() }
        try peer.end(store.serve(coordinator: address, listen: peer.address, patience: peer.coordinatorPatience))
    }
}
