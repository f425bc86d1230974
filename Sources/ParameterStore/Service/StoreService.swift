import Platform
public import Protocol
public import Security
import Transport
import Glibc
import Kernels
import SwiftProtobuf

/// One shard of the parameter store: holds its blocks' values and momentum, applies the updates, hands the values
/// back, and gives them to the coordinator for checkpoints. The same service runs inside the coordinator's process
/// and as a process of its own.
public final class StoreService: @unchecked Sendable {
    private let loop: EventLoop
    private let engine: Engine
    private let log: ProcessLog
    private let membership = StoreMembership()

    /// - Parameter log: takes lines for the process's log and the run's.
    public init(security: LinkSecurity = .none, log: ProcessLog) throws {
        self.log = log
        engine = try Engine()
        loop = try EventLoop(name: "store-io", security: security)
    }

    /// Joins a run and serves it until it ends.
    /// - Parameters:
    ///   - listen: where workers connect; nil takes a free port on the local address of the coordinator's connection.
    ///   - patience: seconds to wait for the coordinator to come up.
    /// - Throws: where the coordinator is gone, does not answer, or does not let it in.
    public func serve(coordinator address: SocketAddress, listen: SocketAddress? = nil, patience: Double = 30) throws
        -> SessionOutcome
    {
        let (loop, membership) = (loop, membership)
        let link = try WireError.admission { try Connector.connectWithRetries(to: address, loop: loop, patience: patience) }
        let updates = UpdateThread(engine: engine)
        let helloFields = HelloFields(
            role: .store, instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion, threads: 1,
            datasetFingerprint: "")
        let heartbeat = StoreHeartbeat(coordinator: address, helloFields, loop: loop, log: log)
        let receiver = StoreReceiver(
            coordinator: link, updates: updates, engine: engine, heartbeat: heartbeat, membership: membership, log: log)
        let local = listen ?? SocketAddress(host: link.local.host, port: 0)
        let listener = try Listener(local, loop: loop) { link in link.start(receiver) }
        let port = listener.address.port
        loop.submit { receiver.listens(on: port) }
        let updater = ServiceThread(name: "store-update") {
            updates.run { report in loop.submit { receiver.received(report) } }
        }
        link.start(receiver)
        link.send(helloFields.hello(listenPort: port))
        let result = membership.waitForEnd()
        updates.submit(.stop)
        updater.join()
        loop.submit {
            listener.stop()
            receiver.close()
        }
        usleep(20_000)
        loop.stop()
        return try result.get()
    }

    /// Asks the coordinator to take the shard's blocks elsewhere. The store serves until it is released.
    /// - Returns: false where it has not joined a run: there is nobody to ask.
    public func leave() -> Bool {
        guard let (coordinator, run) = membership.coordinator else { return false }
        coordinator.send(.with { $0.leave = WireLeave() }, run: run)
        return true
    }
}
