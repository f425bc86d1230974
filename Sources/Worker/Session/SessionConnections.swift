import Partition
import SwiftProtobuf
import Threading
import Wire

/// A worker's connections to other workers and to the stores of its parameters. They last for one attempt: after a loss all
/// are made anew, so that nothing of an older attempt can arrive.
final class SessionConnections: Sendable {
    private let run: UInt64
    private let rank: Int
    private let coordinator: Link
    private let inbox: WorkerInbox
    /// By rank.
    private let stores = Monitor<[Int: Link]>([:])

    init(run: UInt64, rank: Int, coordinator: Link, inbox: WorkerInbox) {
        (self.run, self.rank, self.coordinator, self.inbox) = (run, rank, coordinator, inbox)
    }

    /// Connects to the replica's workers and to stores.
    /// - Parameters:
    ///   - replica: ranks of the replica's workers.
    ///   - stores: ranks of those that keep this worker's parameters.
    /// - Returns: the stores' connections, by rank.
    func connect(
        _ topology: WireTopology, replica: Range<Int>, stores: Set<Int>, loop: EventLoop, receiver: WorkerReceiver,
        introduction: Introduction
    ) throws -> [Int: Link] {
        var hello = introduction.hello(listenPort: 0)
        (hello.hello.run, hello.hello.rank, hello.hello.attempt) = (run, UInt32(rank), topology.attempt)
        // The lower rank connects, so that a pair has one connection.
        for other in replica where other > rank {
            let link = try connect(to: topology.workers[other], .worker, rank: other, topology, loop)
            inbox.state.update { $0.peers[.init(attempt: topology.attempt, rank: other)] = link }
            link.start(receiver)
            link.send(hello, run: run, attempt: topology.attempt)
        }
        let lower = replica.lowerBound..<rank
        _ = try inbox.wait { state in
            lower.allSatisfy { state.peers[.init(attempt: topology.attempt, rank: $0)] != nil } ? true : nil
        }
        for rank in stores.sorted() {
            let link = try connect(to: topology.stores[rank], .store, rank: rank, topology, loop)
            self.stores.update { $0[rank] = link }
            link.start(receiver)
            link.send(hello, run: run, attempt: topology.attempt)
        }
        return self.stores.read { $0 }
    }

    /// A peer that cannot be reached is a loss like any other: the coordinator is told, and ends the attempt.
    private func connect(
        to endpoint: WireTopology.Endpoint, _ role: WireHello.Role, rank: Int, _ topology: WireTopology, _ loop: EventLoop
    ) throws -> Link {
        do {
            return try Connector.connect(to: endpoint.socketAddress, loop: loop, expecting: role == .worker ? .worker : .store)
        } catch {
            var lost = WireLinkLost()
            (lost.role, lost.rank, lost.reason) = (role, UInt32(rank), "\(error)")
            coordinator.send(.with { $0.linkLost = lost }, run: run, attempt: topology.attempt)
            return try inbox.wait { _ in nil }
        }
    }

    func storeRank(of link: Link) -> Int? { stores.read { stores in stores.first { $0.value === link }?.key } }

    func leaveStores() {
        let old = stores.update { stores in
            defer { stores = [:] }
            return stores.values
        }
        for link in old { link.cancel("the attempt has ended") }
    }
}

extension WireTopology.Endpoint {
    var socketAddress: SocketAddress { SocketAddress(host: address, port: UInt16(truncatingIfNeeded: port)) }
}
