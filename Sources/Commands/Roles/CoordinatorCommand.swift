import ArgumentParser
import Coordinator
import Foundation
import Glibc
import NeuralNetwork
import Platform
import Prediction
import RunLog
import Security
import Tensors

/// `colonnade coordinator`: one role, on this host.
struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Coordinates a run whose workers are started by hand or on other hosts.")

    @OptionGroup var given: RunOptions

    @Option(help: ArgumentHelp("Where workers connect; port 0 takes a free one.", valueName: "address:port"))
    var listen = "127.0.0.1:0"

    @Flag(help: "Listen beyond this machine without encryption. Anyone who reaches the port can join.")
    var insecure = false

    /// Set by `train`, which has made the directory already.
    @Option(help: .hidden) var directory: String?
    @Option(help: .hidden) var addressFile: String?

    func run() throws {
        ParentProcess.dieWithIt()
        let signals = SignalWatch()
        switch try given.beginning() {
        case .finished(let run): Terminal.line("\(run.path) is finished")
        case .run(let options, let found): try run(options, directory.map(RunDirectory.init) ?? found, signals)
        }
    }

    private func run(_ options: RunOptions, _ directory: RunDirectory?, _ signals: SignalWatch) throws {
        let address = try SocketAddress(parsing: listen)
        try options.security.check(address, isInsecure: insecure)
        let (metricsAddress, metricsToken) = try options.metricsEndpoint()
        var settled = try options.settle(listen: address)
        settled.plan.stores = options.store == .embedded ? .everyHost(coordinator: HostIdentity.value) : .byHand(options.stores)
        try options.security.checked(for: options.store == .embedded ? [.coordinator, .store] : [.coordinator])
        let run = UInt64.random(in: 1...UInt64.max)
        let writer = try options.open(settled, directory: directory, run: run)
        let display = ProgressDisplay(batch: settled.plan.configuration.recipe.batch)
        let metrics = MetricsServer(run: writer.directory.name, steps: settled.plan.steps)
        let journal = RunJournal(writer, listeners: [{ metrics.take($0) }, { display.show($0) }])
        // Beyond this machine a token is only what both sides were given: nobody else would find it.
        let drawsToken = options.security.certificates == nil && !options.security.namesToken && address.isLoopback
        var token: PublishedToken?
        defer { token?.remove() }
        do {
            token = drawsToken ? try PublishedToken(writer.directory) : nil
            settled.plan.security = try options.security.protection(
                .coordinator, otherwise: token?.source ?? .none, log: { journal.note("certificates", $0) },
                refused: { journal.note("refused", $0) })
        } catch {
            if settled.resumed == nil { try? FileManager.default.removeItem(atPath: writer.directory.path) }
            throw error
        }
        let security = settled.plan.security
        let service: CoordinatorService
        do {
            service = try CoordinatorService(settled.plan, writer: writer, run: run, journal: journal, status: { metrics.take($0) })
            if let metricsAddress { try metrics.start(on: metricsAddress, token: metricsToken) }
        } catch {
            // Nothing was trained: leave no run behind.
            if settled.resumed == nil { try? FileManager.default.removeItem(atPath: writer.directory.path) }
            throw error
        }
        try writer.update { record in
            record.coordinator = "\(service.address)"
            record.plan = try? .init(settled.plan.configuration, layout: settled.plan.layout)
        }
        let published = token?.publish(service.address)
        defer { published?.remove() }
        if !address.isLoopback, security.isPlain {
            journal.note("insecure", "\(service.address) takes connections without encryption")
            Terminal.error("warning: \(service.address) takes connections from other hosts without encryption (--insecure)")
        }
        if let addressFile { try DurableFile.write([UInt8]("\(service.address)".utf8), to: addressFile) }
        if let device = options.device {
            Terminal.line("simulated: kernels take what \(device.words); images/s are this machine's, \(Terminal.fixed(device.dilation, 0)) times fewer than the device's")
        }
        if options.store == .embedded { try EmbeddedStore.start(service.address, security: security.sibling(.store)) }
        signals.onInterrupt { service.stop() }
        let outcome = service.serve()
        display.finish()
        // What was predicted is the rate of one layout, of real kernels.
        if !service.hasChangedLayout, options.device == nil {
            RunForecast(
                settled.plan.configuration, settled.plan.layout, base: settled.plan.baseStep, bandwidth: options.bandwidth,
                latency: options.latency
            ).conclude(writer, journal)
        }
        try RunReport.finish(writer, journal, outcome, stopped: options.stopped)
    }
}
