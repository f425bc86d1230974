import Platform
public import Protocol
public import Security
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
    /// The connection to a coordinator, with everything that ends with it; nil between two coordinators.
    private let session = Monitor<WorkerSession?>(nil)
    private let log: ProcessLog

    /// - Parameter log: Takes lines for the process's log and the run's.
    public init(_ options: Options, log: ProcessLog) throws {
        self.options = options
        self.log = log
        loop = try EventLoop(name: "worker-io", security: options.security)
    }

    /// Works on the calling thread, which becomes the compute thread, until the run ends. A coordinator that is gone without a word is waited
    /// for: the next one at the same address takes the run over, and finds this worker as it was.
    public func serve() throws -> SessionOutcome {
        defer { loop.stop() }
        var inherited = WorkerSession.Inheritance()
        var listener: Listener?
        defer { listener?.stop() }
        while true {
            let coordinator = try WireError.admission {
                try Connector.connectWithRetries(to: options.coordinator, loop: loop, patience: options.patience)
            }
            let current = WorkerSession(options, coordinator, loop: loop, log: log, inherited: inherited)
            session.update { $0 = current }
            defer { session.update { $0 = nil } }
            let listening = try listener ?? listen(at: options.listen ?? SocketAddress(host: coordinator.local.host, port: 0))
            listener = listening
            do { return try current.serve(port: listening.address.port) } catch let lost as CoordinatorLost {
                inherited = current.end()
                guard options.patience > 0 else { throw lost.error }
                log.warning("\(lost.error); waiting up to \(Int(options.patience)) s for it to come back")
            }
        }
    }

    /// Other workers connect to this process, whichever coordinator it works for.
    private func listen(at address: SocketAddress) throws -> Listener {
        let session = session
        return try Listener(address, loop: loop) { link in
            guard let receiver = session.read({ $0?.receiver }) else { return link.cancel("this worker has no coordinator") }
            link.start(receiver)
        }
    }

    /// Asks the coordinator to continue without this worker. It works until it is released between two steps, which ends `serve`.
    /// - Returns: False if it is not connected to a coordinator: there is nobody to ask.
    public func leave() -> Bool { session.read { $0 }?.leave() ?? false }
}
