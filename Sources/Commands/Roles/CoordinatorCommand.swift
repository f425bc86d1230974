import Analysis
import ArgumentParser
import Coordinator
import Foundation
import Glibc
import NeuralNetwork
import Platform
import Prediction
import RunLog
import Security
import Settings
import Supervision
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

    /// Set by a supervisor: the request comes as JSON by the standard input, and reports go to the descriptor.
    @Flag(help: .hidden) var requestOnInput = false
    @Option(help: .hidden) var supervisorDescriptor: Int32?
    /// The time in seconds for which another coordinator must show no sign of life before this one takes its run over. For tests.
    @Option(help: .hidden) var leaseLimit = 10.0
    @OptionGroup var memory: MemoryOption

    func run() throws {
        ParentProcess.dieWithIt()
        // A file that reaches a limit of the system is an error of that file, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        let signals = SignalWatch()
        switch try request().beginning() {
        case .finished(let run): Terminal.line("\(run.path) is finished")
        case .run(let request, let found): try run(request, request.directory.map { RunDirectory($0) } ?? found, signals)
        }
    }

    private func request() throws -> RunRequest {
        guard requestOnInput else {
            var request = try given.request
            (request.listen, request.isInsecure) = (listen, insecure)
            return request
        }
        do { return try JSONDecoder().decode(RunRequest.self, from: FileHandle.standardInput.readToEnd() ?? Data()) } catch {
            throw CommandFailure(CommandFailure.usage, "--request-on-input is for supervisors, which send a request of this release")
        }
    }

    private func run(_ request: RunRequest, _ directory: RunDirectory?, _ signals: SignalWatch) throws {
        let address = try SocketAddress(parsing: request.listen)
        try request.security.check(address, isInsecure: request.isInsecure)
        guard (0.1...3600).contains(leaseLimit) else {
            throw CommandFailure(CommandFailure.usage, "--lease-limit must be a number of seconds from 0.1 to 3600, not \(leaseLimit)")
        }
        let times = RunLease.Times(limit: leaseLimit)
        let lease = try request.takeLease(directory, times) { Terminal.error($0) }
        let (metricsAddress, metricsToken) = try request.metricsEndpoint()
        var resolved = try request.resolve(listen: address)
        let formerStores = resolved.plan.history.stores.flatMap { $0 > 0 ? $0 : nil }
        resolved.plan.stores =
            request.store == .embedded ? .everyHost(coordinator: HostIdentity.value) : .byHand(formerStores ?? request.stores)
        try request.security.checked(for: request.store == .embedded ? [.coordinator, .store] : [.coordinator])
        // A run that is taken over keeps its identity: by it stores know that what they have is the run's.
        let run = resolved.plan.history.survivingRun ?? UInt64.random(in: 1...UInt64.max)
        let recorder = RunRecorder(try request.open(resolved, directory: directory, run: run, lease: lease, times: times))
        let held = recorder.lease
        // After everything else that this process does with the run's files.
        defer {
            _ = recorder.finish(within: 10)
            held.release()
        }
        held.onTakenOver { Self.end(because: $0, removing: nil) }
        let configuration = resolved.plan.configuration
        let display = ProgressDisplay(
            batch: configuration.recipe.batch, classes: configuration.network.classes, joiningArguments: request.security.joiningArguments)
        let metrics = MetricsServer(run: recorder.directory.name, steps: resolved.plan.steps)
        let supervisor = supervisorDescriptor.map { SupervisorReports($0) }
        let journal = RunJournal(recorder, listeners: [{ metrics.take($0) }, { display.show($0) }, { supervisor?.take($0) }])
        // Beyond this machine a token is only what both sides were given: nobody else would find it.
        let drawsToken = request.security.certificates == nil && !request.security.namesToken && address.isLoopback
        var token: PublishedToken?
        // By then it may be the token of a coordinator that has taken over.
        defer { if held.isHeld { token?.remove() } }
        do {
            token = drawsToken ? try PublishedToken(recorder.directory, takesOver: request.takesOver) : nil
            resolved.plan.security = try request.security.protection(
                .coordinator, otherwise: token?.source ?? .none, log: { journal.note("certificates", $0) },
                refused: { journal.note("refused", $0) })
        } catch {
            Self.remove(recorder, of: resolved)
            throw error
        }
        let security = resolved.plan.security
        let service: CoordinatorService
        do {
            service = try CoordinatorService(resolved.plan, recorder: recorder, run: run, journal: journal) {
                metrics.take($0)
                supervisor?.send(.alive)
            }
            if let metricsAddress { try metrics.start(on: metricsAddress, token: metricsToken) }
        } catch {
            Self.remove(recorder, of: resolved)
            throw error
        }
        recorder.update { record in
            record.coordinator = "\(service.address)"
            record.plan = try? .init(resolved.plan.configuration, layout: resolved.plan.layout)
        }
        // Who hears that the coordinator listens may look into run.json for its address.
        recorder.drain(within: 10)
        let published = token?.publish(service.address, TerminalReporter())
        defer { published?.remove() }
        held.onTakenOver { Self.end(because: $0, removing: published) }
        if !address.isLoopback, security.isUnencrypted {
            journal.note("insecure", "\(service.address) takes connections without encryption")
            Terminal.error("warning: \(service.address) takes connections from other hosts without encryption (--insecure)")
        }
        if let device = request.device {
            Terminal.line(
                "simulated: kernels take what \(device.words); images/s are this machine's, \(Terminal.fixed(device.dilation, 0)) times fewer than the device's"
            )
        }
        if request.steps == nil, request.epochs == nil, resolved.resumed == nil {
            let (images, batch) = (resolved.plan.dataset.images, configuration.recipe.batch)
            Terminal.line(RunLength.text(steps: resolved.plan.steps, images: images, batch: batch))
        }
        if request.store == .embedded {
            try EmbeddedStore.start(service.address, security: security.sibling(.store), memory: memory.file())
        }
        signals.onInterrupt { service.stop() }
        supervisor?.send(.needs(workers: resolved.plan.workers))
        let outcome = service.serve()
        supervisor?.send(.concluding)
        display.finish()
        // What follows reads the run's files.
        recorder.drain(within: 10)
        // What was predicted is the rate of one layout, of real kernels.
        if !service.hasChangedLayout, request.device == nil {
            RunForecast(
                resolved.plan.configuration, resolved.plan.layout, base: resolved.plan.baseStep, bandwidth: request.bandwidth,
                latency: request.latency
            ).conclude(recorder, journal)
        }
        try RunReport.finish(recorder, journal, outcome, stoppedExitCode: request.stoppedExitCode)
    }

    /// Leaves no run behind in which nothing was trained.
    private static func remove(_ recorder: RunRecorder, of resolved: RunRequest.ResolvedRun) {
        guard resolved.resumed == nil else { return }
        // Nothing may be written into the directory while it is removed.
        _ = recorder.finish(within: 10)
        recorder.lease.release()
        try? FileManager.default.removeItem(atPath: recorder.directory.path)
    }

    /// Ends this process at once, because another coordinator has taken over its run: every file of the run is that one's now.
    private static func end(because sentence: String, removing published: PublishedFile?) {
        published?.remove()
        Terminal.error(sentence)
        _exit(CommandFailure.noInput)
    }
}
