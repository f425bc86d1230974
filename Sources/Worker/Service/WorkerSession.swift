import Datasets
import Foundation
import Glibc
import Kernels
import NeuralNetwork
import Partition
import Platform
import Prediction
import Protocol
import Security
import SwiftProtobuf
import Tensors
import Transport

/// A worker's membership in a run under one coordinator: from the connection to its end.
final class WorkerSession: @unchecked Sendable {
    /// What outlives a session.
    struct Inheritance {
        var columns: HostedColumns?
        var dataset: Dataset?
    }

    let receiver: WorkerReceiver
    private let options: WorkerService.Options
    private let coordinator: Link
    private let loop: EventLoop
    private let log: ProcessLog
    private let mailbox = WorkerMailbox()
    private let data = DataMailbox()
    private let began = MonotonicClock.now
    /// Touched by the compute thread only.
    private var hosted: HostedColumns?
    private var dataset: Dataset?

    /// - Parameter inherited: What the worker had under the coordinator before, which is used again if the run is the same.
    init(_ options: WorkerService.Options, _ coordinator: Link, loop: EventLoop, log: ProcessLog, inherited: Inheritance) {
        (self.options, self.coordinator, self.loop, self.log) = (options, coordinator, loop, log)
        (hosted, dataset) = (inherited.columns, inherited.dataset)
        receiver = WorkerReceiver(mailbox: mailbox, data: data, coordinator: coordinator, log: log)
    }

    /// Works until the run ends.
    /// - Parameter port: Where other workers connect.
    /// - Throws: `CoordinatorLost` if the coordinator is gone without a word. What the worker has stays for the next one: see `end`.
    func serve(port: UInt16) throws -> SessionOutcome {
        do {
            defer { if mailbox.read({ $0.coordinatorLoss }) == nil { giveUp() } }
            return try work(port: port)
        } catch {
            // The end of the run may have been said just before the connection ended; the coordinator's word counts.
            let isOver = error is AttemptEnded || (error as? WireError)?.code == .closed
            if isOver, let finish = mailbox.read({ $0.finish }) {
                giveUp()
                return SessionOutcome(finish)
            }
            // One that hangs up at once has refused this worker.
            if let loss = mailbox.read({ $0.coordinatorLoss }), MonotonicClock.now - began > 2 || mailbox.read({ $0.wasAssigned }) {
                throw CoordinatorLost(error: loss)
            }
            giveUp()
            if (error as? WireError)?.code != .closed { report(error, to: coordinator) }
            throw error
        }
    }

    /// Ends a session whose coordinator is gone.
    /// - Returns: What the next session can use.
    func end() -> Inheritance {
        receiver.detach()
        for peer in mailbox.update({ $0.peers.drop(before: .max) }) { peer.cancel("the coordinator is gone") }
        // Links that have been cancelled are closed after this: nothing is received into the memory any more.
        loop.drain()
        hosted?.activity.begin(attempt: 0, .paused)
        return Inheritance(columns: hosted, dataset: dataset)
    }

    /// Tells the coordinator why this worker cannot continue; it decides what that means for the run.
    private func report(_ error: any Error, to coordinator: Link) {
        var failure = WireFailure()
        failure.reason = "\(error)"
        coordinator.send(.with { $0.failure = failure })
        coordinator.finish()
        usleep(50_000)
    }

    private func work(port: UInt16) throws -> SessionOutcome {
        let own = try options.data.map { try Dataset(path: $0) }
        let helloFields = HelloFields(
            role: .worker, instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion,
            threads: options.threads ?? 0, datasetFingerprint: own?.manifest.fingerprint ?? "")
        coordinator.start(receiver)
        coordinator.send(helloFields.hello(listenPort: port))
        let welcome = try WireError.admission { try mailbox.waitForState { $0.assignment } }
        FaultInjection.identify(.worker, rank: Int(welcome.rank))
        // Before anything that takes long: the run waits for the store.
        if mailbox.update({ $0.takeStoreStart() }) { try startStore() }
        let heartbeat = try heartbeat(welcome: welcome, helloFields)
        defer { heartbeat.stop() }
        let configuration = try RunConfiguration(json: welcome.configuration)
        Engine.useThreads(configuration.recipe.threads)
        let device = try device(of: welcome)
        if let hosted, hosted.run != welcome.run || hosted.configuration != configuration { giveUp() }
        if dataset?.manifest.fingerprint != welcome.datasetFingerprint { dataset = nil }
        if dataset == nil, device == nil { dataset = try own ?? self.dataset(of: welcome) }
        if let dataset, dataset.manifest.fingerprint != welcome.datasetFingerprint {
            throw WireError(
                .refused,
                "the data set in \(dataset.path) has the fingerprint \(dataset.manifest.fingerprint), the "
                    + "coordinator's \(welcome.datasetFingerprint); name the same data set with --data")
        }
        if let hosted { receiver.attach(hosted) }
        return try train(helloFields) { [dataset] welcome in
            try HostedColumns(configuration: configuration, welcome: welcome, dataset: dataset, device: device)
        }
    }

    /// Frees the memory of an assignment before there is another.
    private func giveUp() {
        receiver.detach()
        hosted?.stop()
        // Links that have been cancelled are closed after this: nothing is received into the memory any more.
        if hosted != nil { loop.drain() }
        hosted = nil
    }

    /// Takes one assignment after another, as the coordinator gives them, until the run ends.
    private func train(_ helloFields: HelloFields, host: (WireWelcome) throws -> HostedColumns) throws -> SessionOutcome {
        while true {
            switch try mailbox.next(hosted?.assignment) {
            case .end(let finish): return SessionOutcome(finish)
            case .startStore: try startStore()
            case .becomeSpare: giveUp()
            case .prepare(let welcome):
                giveUp()
                log("joined run \(Digest.text(welcome.run)) as worker \(welcome.rank) of \(welcome.workers)")
                let columns = try host(welcome)
                receiver.attach(columns)
                hosted = columns
            case .join(let topology):
                guard let hosted else { continue }
                let joiner = AttemptJoiner(
                    columns: hosted, coordinator: coordinator, mailbox: mailbox, loop: loop, receiver: receiver, helloFields: helloFields)
                do { try train(topology, joiner) } catch is AttemptEnded {
                    receiver.endAttempt()
                    hosted.activity.begin(attempt: mailbox.read { $0.attempt.number }, .paused)
                }
            }
        }
    }

    /// Trains in one attempt.
    /// - Throws: `AttemptEnded` at its end.
    private func train(_ topology: WireTopology, _ joiner: AttemptJoiner) throws {
        let exchange = try joiner.join(topology)
        exchange.tell(.with { $0.ready = WireReady() })
        var steps = StepLoop(exchange, mailbox: mailbox, after: Int(clamping: topology.baseStep))
        try steps.run()
    }

    private func startStore() throws {
        guard let startStore = options.startStore else { throw WireError(.refused, "this worker cannot start a store") }
        log("this host has no parameter store of the run yet: starting one")
        try startStore(options.coordinator)
    }

    /// Asks the coordinator to continue without this worker.
    /// - Returns: False where the coordinator is gone.
    func leave() -> Bool {
        guard mailbox.read({ $0.coordinatorLoss }) == nil else { return false }
        log("asks to leave the run")
        coordinator.send(.with { $0.leave = WireLeave() }, run: mailbox.read { $0.assignment?.run ?? 0 })
        return true
    }

    /// The modelled accelerator that takes the place of kernels, where the run is a simulated one.
    private func device(of welcome: WireWelcome) throws -> SimulatedDevice? {
        guard !welcome.device.isEmpty else { return nil }
        guard let device = try? JSONDecoder().decode(SimulatedDevice.self, from: welcome.device), device.problem == nil else {
            throw WireError(.malformed, "the coordinator names a device that cannot be")
        }
        log("the run is simulated: kernels take what \(device.model.name) would, time is dilated \(device.dilation) times")
        return device
    }

    private func heartbeat(welcome: WireWelcome, _ helloFields: HelloFields) throws -> HeartbeatSender {
        var hello = helloFields.hello(listenPort: 0).hello
        (hello.run, hello.rank) = (welcome.run, welcome.rank)
        let (mailbox, data, receiver) = (mailbox, data, receiver)
        return try HeartbeatSender(
            coordinator: options.coordinator, hello: hello, patience: welcome.patience, loop: loop, log: log,
            beat: { receiver.heartbeat },
            silent: { error in
                mailbox.fail(error)
                data.fail(error)
            })
    }

    /// The run's data set, at the coordinator's path or fetched.
    private func dataset(of welcome: WireWelcome) throws -> Dataset {
        if !options.fetchesData, let found = try? Dataset(path: welcome.datasetPath),
            found.manifest.fingerprint == welcome.datasetFingerprint
        {
            return found
        }
        let cache = DatasetCache(
            directory: options.dataCache ?? DatasetCache.usual, coordinator: coordinator, mailbox: data, log: { [log] in log($0) })
        return try cache.dataset(welcome.datasetFingerprint)
    }
}

/// The coordinator is gone without a word about the run. Another one may take the run over.
struct CoordinatorLost: Error {
    let error: WireError
}
