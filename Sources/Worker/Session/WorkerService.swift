import Datasets
import Foundation
import Glibc
import Kernels
import NeuralNetwork
import Partition
import Prediction
import SwiftProtobuf
import Tensors
import Threading
public import Wire

/// A worker: joins a run, hosts its columns, and trains until the run ends.
public final class WorkerService: @unchecked Sendable {
    public struct Options: Sendable {
        public var coordinator: SocketAddress
        /// A data set on this machine; nil takes the coordinator's path where the same data is there, and fetches it
        /// from the coordinator where it is not.
        public var data: String?
        /// Fetches the data set even where the coordinator's path has it.
        public var fetchesData = false
        /// Where fetched data sets are kept; nil takes the user's cache.
        public var dataCache: String?
        /// Kernel threads; nil takes the run's.
        public var threads: Int?
        /// Where peers connect; nil takes a free port on the local address of the coordinator's connection.
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
    private let inbox = WorkerInbox()
    /// The coordinator's connection, once this process has introduced itself.
    private let way = Monitor<Link?>(nil)
    private let log: ProcessLog

    /// - Parameter log: takes lines for the process's log and the run's.
    public init(_ options: Options, log: ProcessLog) throws {
        self.options = options
        self.log = log
        loop = try EventLoop(name: "worker-io", security: options.security)
    }

    /// Works on the calling thread, which becomes the compute thread, until the run ends.
    public func serve() throws -> SessionOutcome {
        defer { loop.stop() }
        let coordinator = try WireError.admission {
            try Connector.connectPatiently(to: options.coordinator, loop: loop, patience: options.patience)
        }
        do {
            return try serve(coordinator)
        } catch let ended as RunEnded {
            return SessionOutcome(ended.finish)
        } catch let error as WireError where error.code == .closed {
            // The end of the run may have been said just before the connection ended; the coordinator's word counts.
            if let finish = inbox.state.read({ $0.finish }) { return SessionOutcome(finish) }
            throw error
        } catch {
            // Said to the coordinator, which decides what it means for the run.
            var failure = WireFailure()
            failure.reason = "\(error)"
            coordinator.send(.with { $0.failure = failure })
            coordinator.finish()
            usleep(50_000)
            throw error
        }
    }

    private func serve(_ coordinator: Link) throws -> SessionOutcome {
        let receiver = WorkerReceiver(inbox: inbox, coordinator: coordinator, log: log)
        let place = options.listen ?? SocketAddress(host: coordinator.local.host, port: 0)
        let listener = try Listener(place, loop: loop) { link in link.start(receiver) }
        defer { listener.stop() }

        let own = try options.data.map { try Dataset(path: $0) }
        let introduction = Introduction(
            role: .worker, instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion,
            threads: options.threads ?? 0, datasetFingerprint: own?.manifest.fingerprint ?? "")
        coordinator.start(receiver)
        coordinator.send(introduction.hello(listenPort: listener.address.port))
        way.update { $0 = coordinator }
        let welcome = try WireError.admission { try inbox.wait { $0.welcome } }
        FaultPlace.identify(.worker, rank: Int(welcome.rank))
        // Before anything that takes long: the run waits for the store.
        inbox.state.update { $0.startsStore = false }
        if welcome.startsStore { try startStore() }
        let heartbeat = try heartbeat(receiver, welcome: welcome, introduction)
        defer { heartbeat.stop() }
        let configuration = try RunConfiguration(json: welcome.configuration)
        Engine.useThreads(configuration.recipe.threads)
        let device = try device(of: welcome)
        let dataset = device == nil ? try own ?? dataset(of: welcome, coordinator) : nil
        if let dataset, dataset.manifest.fingerprint != welcome.datasetFingerprint {
            throw WireError(
                .refused, "the data set in \(dataset.path) has the fingerprint \(dataset.manifest.fingerprint), the "
                    + "coordinator's \(welcome.datasetFingerprint); name the same data set with --data")
        }
        try train(configuration, dataset, device, coordinator, receiver, introduction)
    }

    /// Takes one place after another, as the coordinator has them, until the run ends, which it throws.
    private func train(
        _ configuration: RunConfiguration, _ dataset: Dataset?, _ device: SimulatedDevice?, _ coordinator: Link, _ receiver: WorkerReceiver,
        _ introduction: Introduction
    ) throws -> Never {
        var session: TrainingSession?
        /// Memory is free for others before there is a new place.
        func giveUp() {
            receiver.attach(nil)
            session?.stop()
            session = nil
        }
        defer { giveUp() }
        while true {
            do {
                switch try inbox.next(session?.place) {
                case .startStore: try startStore()
                case .giveUpPlace: giveUp()
                case .prepare(let welcome):
                    giveUp()
                    log("joined run \(Digest.text(welcome.run)) as worker \(welcome.rank) of \(welcome.workers)")
                    let new = try TrainingSession(
                        configuration: configuration, welcome: welcome, dataset: dataset, device: device, coordinator: coordinator, inbox: inbox)
                    receiver.attach(new)
                    session = new
                case .join(let topology):
                    try session?.serve(topology, loop: loop, receiver: receiver, introduction: introduction)
                }
            } catch is AttemptEnded { session?.hold() }
        }
    }

    private func startStore() throws {
        guard let startStore = options.startStore else { throw WireError(.refused, "this worker cannot start a store") }
        log("this host has no parameter store of the run yet: starting one")
        try startStore(options.coordinator)
    }

    /// Asks the coordinator to go on without this worker. It works until it is released between two steps, which ends `serve`.
    /// - Returns: false where it is not connected to a coordinator: there is nobody to ask.
    public func leave() -> Bool {
        guard let coordinator = way.read({ $0 }) else { return false }
        log("asks to leave the run")
        coordinator.send(.with { $0.leave = WireLeave() }, run: inbox.state.read { $0.welcome?.run ?? 0 })
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
        let inbox = inbox
        return try HeartbeatSender(
            coordinator: options.coordinator, hello: hello, patience: welcome.patience, loop: loop, log: log,
            beat: { receiver.heartbeat }, silent: { inbox.fail($0) })
    }

    /// The run's data set, at the coordinator's path or fetched.
    private func dataset(of welcome: WireWelcome, _ coordinator: Link) throws -> Dataset {
        if !options.fetchesData, let found = try? Dataset(path: welcome.datasetPath),
            found.manifest.fingerprint == welcome.datasetFingerprint
        {
            return found
        }
        let cache = DatasetCache(
            directory: options.dataCache ?? DatasetCache.usual, coordinator: coordinator, inbox: inbox, log: { [log] in log($0) })
        return try cache.dataset(welcome.datasetFingerprint)
    }
}
