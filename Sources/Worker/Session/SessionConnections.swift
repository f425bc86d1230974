import Partition
import SwiftProtobuf
import Threading
import Wire

/// A worker's connections to other workers and to the store of its columns. They last for one attempt: after a loss all
/// are made anew, so that nothing of an older attempt can arrive.
final class SessionConnections: Sendable {
    private let run: UInt64
    private let rank: Int
    private let coordinator: Link
    private let inbox: WorkerInbox
    private let store = Monitor<(link: Link, rank: Int)?>(nil)

    init(run: UInt64, rank: Int, coordinator: Link, inbox: WorkerInbox) {
        (self.run, self.rank, self.coordinator, self.inbox) = (run, rank, coordinator, inbox)
    }

    /// Connects to the replica's workers and to the store.
    /// - Parameters:
    ///   - replica: ranks of the replica's workers.
    ///   - column: one that this worker hosts.
    /// - Returns: the store's connection.
    func connect(
        _ topology: WireTopology, replica: Range<Int>, column: Int, loop: EventLoop, receiver: WorkerReceiver,
        introduction: Introduction
    ) throws -> Link {
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
        let index = Int(topology.storeOfColumn[column])
        guard index < topology.stores.count else { throw WireError(.malformed, "a topology without a store") }
        let link = try connect(to: topology.stores[index], .store, rank: index, topology, loop)
        store.update { $0 = (link, index) }
        link.start(receiver)
        link.send(hello, run: run, attempt: topology.attempt)
        return link
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

    func storeRank(of link: Link) -> Int? { store.read { store in store.flatMap { $0.link === link ? $0.rank : nil } } }

    var storeLink: Link? { store.read { $0?.link } }

    func leaveStore() {
        let old = store.update { store in
            defer { store = nil }
            return store?.link
        }
        old?.cancel("the attempt has ended")
    }
}

extension WireTopology.Endpoint {
    var socketAddress: SocketAddress { SocketAddress(host: address, port: UInt16(truncatingIfNeeded: port)) }
}
