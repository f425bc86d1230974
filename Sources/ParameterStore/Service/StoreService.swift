import Platform
public import Protocol
public import Security
public import Transport
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
    private let file: ShardFile
    /// The receiver of the current coordinator's session; nil between two coordinators.
    private let session = Monitor<StoreReceiver?>(nil)

    /// - Parameters:
    ///   - memory: The file in memory in which the shard lies, perhaps with what an earlier process has left in it.
    ///   - log: Takes lines for the process's log and the run's.
    public init(security: LinkSecurity = .none, memory: MemoryFile? = nil, log: ProcessLog) throws {
        self.log = log
        engine = try Engine()
        file = try ShardFile(memory ?? MemoryFile())
        loop = try EventLoop(name: "store-io", security: security)
    }

    /// Joins a run and serves it until it ends. A coordinator that is gone without a word is waited for: the next one at the same address is
    /// offered what this store has.
    /// - Parameters:
    ///   - listen: Where workers connect; nil takes a free port on the local address of the coordinator's connection.
    ///   - patience: Seconds to wait for the coordinator to come up, or to come back.
    /// - Throws: Where the coordinator is gone for good, does not answer, or does not let it in.
    public func serve(coordinator address: SocketAddress, listen: SocketAddress? = nil, patience: Double = 30) throws
        -> SessionOutcome
    {
        var listener: Listener?
        defer {
            let last = listener
            loop.submit { last?.stop() }
            usleep(20_000)
            loop.stop()
        }
        while true {
            let link = try WireError.admission { try Connector.connectWithRetries(to: address, loop: loop, patience: patience) }
            let listening = try listener ?? self.listen(at: listen ?? SocketAddress(host: link.local.host, port: 0))
            listener = listening
            switch serve(link, address, port: listening.address.port) {
            case .over(let outcome): return outcome
            case .failed(let error): throw error
            case .coordinatorLost(let error):
                guard patience > 0 else { throw error }
                log.warning("\(error); waiting up to \(Int(patience)) s for it to come back")
            }
        }
    }

    /// Workers connect to this process, whichever coordinator it serves.
    private func listen(at address: SocketAddress) throws -> Listener {
        let session = session
        return try Listener(address, loop: loop) { link in
            guard let receiver = session.read({ $0 }) else { return link.cancel("this store has no coordinator") }
            link.start(receiver)
        }
    }

    /// Serves under one coordinator.
    private func serve(_ link: Link, _ address: SocketAddress, port: UInt16) -> StoreMembership.End {
        let (loop, membership) = (loop, StoreMembership())
        let updates = UpdateThread(engine: engine)
        let helloFields = HelloFields(
            role: .store, instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion, threads: 1,
            datasetFingerprint: "")
        let heartbeat = StoreHeartbeat(coordinator: address, helloFields, loop: loop, log: log)
        let receiver = StoreReceiver(
            coordinator: link, updates: updates, file: file, engine: engine, heartbeat: heartbeat, membership: membership, log: log)
        loop.submit { receiver.listens(on: port) }
        session.update { $0 = receiver }
        let updater = ServiceThread(name: "store-update") {
            updates.run { report in loop.submit { receiver.received(report) } }
        }
        link.start(receiver)
        var hello = helloFields.hello(listenPort: port)
        if let offer = file.offer { hello.hello.offer = offer }
        link.send(hello)
        let end = membership.waitForEnd()
        session.update { $0 = nil }
        // Nothing writes into the shard's memory any more when the next coordinator is told what is there.
        updates.submit(.stop)
        updater.join()
        loop.submit { receiver.close() }
        loop.drain()
        return end
    }

    /// Asks the coordinator to take the shard's blocks elsewhere. The store serves until it is released.
    /// - Returns: False where it has not joined a run: there is nobody to ask.
    public func leave() -> Bool {
        guard let (coordinator, run) = session.read({ $0?.membership.coordinator }) else { return false }
        coordinator.send(.with { $0.leave = WireLeave() }, run: run)
        return true
    }
}
