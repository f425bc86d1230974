import Datasets
import Foundation
import Glibc
import Kernels
import NeuralNetwork
import Partition
import Platform
import Prediction
public import Protocol
public import Security
import SwiftProtobuf
import Tensors
import Transport

/// A worker: joins a run, hosts its columns, and trains until the run ends.
public final class WorkerService: @unchecked Sendable {
    public struct Options: Sendable {
        public var coordinator: SocketAddress
        /// A data set on this machine; nil takes the coordinator's path where the same data is there, and fetches it
        /// from the coordinator where it is not.
        public var data: String?
        /// Fetches the data set even where the coordinator's path has it.
        public var fetchesData = false
        /// The folder for fetched data sets; nil takes the user's cache.
        public var dataCache: String?
        /// Kernel threads; nil takes the run's.
        public var threads: Int?
        /// The address at which peers connect; nil takes a free port on the local address of the coordinator's connection.
        public var listen: SocketAddress?
        /// Seconds to wait for the coordinator to come up.
        public var patience: Double = 30
        /// Starts a shard of the store in this process, where the host has none.
        public var startStore: (@Sendable (SocketAddress) throws -> Void)?

        public var security = LinkSecurity.none

        public init(coordinator: SocketAddress) { self.coordinator = coordinator }
    }

    private let options: Options
    private let loop: EventLoop
    private let mailbox = WorkerMailbox()
    private let data = DataMailbox()
    /// The coordinator's connection, once this process has introduced itself.
    private let coordinatorLink = Monitor<Link?>(nil)
    private let log: ProcessLog

    /// - Parameter log: Takes lines for the process's log and the run's.
    public init(_ options: Options, log: ProcessLog) throws {
        self.options = options
        self.log = log
        loop = try EventLoop(name: "worker-io", security: options.security)
    }

    /// Works on the calling thread, which becomes the compute thread, until the run ends.
    public func serve() throws -> SessionOutcome {
        defer { loop.stop() }
        let coordinator = try WireError.admission {
            try Connector.connectWithRetries(to: options.coordinator, loop: loop, patience: options.patience)
        }
        do {
            return try serve(coordinator)
        } catch {
            // The end of the run may have been said just before the connection ended; the coordinator's word counts.
            let isOver = error is AttemptEnded || (error as? WireError)?.code == .closed
            if isOver, let finish = mailbox.read({ $0.finish }) { return SessionOutcome(finish) }
            if (error as? WireError)?.code != .closed { report(error, to: coordinator) }
            throw error
        }
    }

    /// Tells the coordinator why this worker cannot continue; it decides what that means for the run.
    private func report(_ error: any Error, to coordinator: Link) {
        var failure = WireFailure()
        failure.reason = "\(error)"
        coordinator.send(.with { $0.failure = failure })
        coordinator.finish()
        usleep(50_000)
    }

    private func serve(_ coordinator: Link) throws -> SessionOutcome {
        let receiver = WorkerReceiver(mailbox: mailbox, data: data, coordinator: coordinator, log: log)
        let address = options.listen ?? SocketAddress(host: coordinator.local.host, port: 0)
        let listener = try Listener(address, loop: loop) { link in link.start(receiver) }
        defer { listener.stop() }

        let own = try options.data.map { try Dataset(path: $0) }
        let introduction = Introduction(
            role: .worker, instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion,
            threads: options.threads ?? 0, datasetFingerprint: own?.manifest.fingerprint ?? "")
        coordinator.start(receiver)
        coordinator.send(introduction.hello(listenPort: listener.address.port))
        coordinatorLink.update { $0 = coordinator }
        let welcome = try WireError.admission { try mailbox.waitForState { $0.assignment } }
        FaultInjection.identify(.worker, rank: Int(welcome.rank))
        // Before anything that takes long: the run waits for the store.
        if mailbox.update({ $0.takeStoreStart() }) { try startStore() }
        let heartbeat = try heartbeat(receiver, welcome: welcome, introduction)
        defer { heartbeat.stop() }
        let configuration = try RunConfiguration(json: welcome.configuration)
        Engine.useThreads(configuration.recipe.threads)
        let device = try device(of: welcome)
        let dataset = device == nil ? try own ?? dataset(of: welcome, coordinator) : nil
        if let dataset, dataset.manifest.fingerprint != welcome.datasetFingerprint {
            throw WireError(
                .refused,
                "the data set in \(dataset.path) has the fingerprint \(dataset.manifest.fingerprint), the "
                    + "coordinator's \(welcome.datasetFingerprint); name the same data set with --data")
        }
        return try train(introduction, receiver, coordinator) { welcome in
            try HostedColumns(configuration: configuration, welcome: welcome, dataset: dataset, device: device)
        }
    }

    /// Takes one assignment after another, as the coordinator gives them, until the run ends.
    private func train(
        _ introduction: Introduction, _ receiver: WorkerReceiver, _ coordinator: Link, host: (WireWelcome) throws -> HostedColumns
    ) throws -> SessionOutcome {
        var hosted: HostedColumns?
        /// Frees the memory of an assignment before there is another.
        func giveUp() {
            receiver.detach()
            hosted?.stop()
            // Links that have been cancelled are closed after this: nothing is received into the memory any more.
            if hosted != nil { loop.drain() }
            hosted = nil
        }
        defer {
            // A peer may still be sending, whatever the end of the run.
            receiver.leavePeers()
            giveUp()
        }
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
                    columns: hosted, coordinator: coordinator, mailbox: mailbox, loop: loop, receiver: receiver, introduction: introduction)
                do { try train(topology, joiner) } catch is AttemptEnded {
                    receiver.endAttempt()
                    hosted.activity.begin(attempt: mailbox.read { $0.attempt.number }, .holding)
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

    /// Asks the coordinator to continue without this worker. It works until it is released between two steps, which ends `serve`.
    /// - Returns: false where it is not connected to a coordinator: there is nobody to ask.
    public func leave() -> Bool {
        guard let coordinator = coordinatorLink.read({ $0 }) else { return false }
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

    private func heartbeat(
        _ receiver: WorkerReceiver, welcome: WireWelcome, _ introduction: Introduction
    ) throws -> HeartbeatSender {
        var hello = introduction.hello(listenPort: 0).hello
        (hello.run, hello.rank) = (welcome.run, welcome.rank)
        let (mailbox, data) = (mailbox, data)
        return try HeartbeatSender(
            coordinator: options.coordinator, hello: hello, patience: welcome.patience, loop: loop, log: log,
            beat: { receiver.heartbeat },
            silent: { error in
                mailbox.fail(error)
                data.fail(error)
            })
    }

    /// The run's data set, at the coordinator's path or fetched.
    private func dataset(of welcome: WireWelcome, _ coordinator: Link) throws -> Dataset {
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
