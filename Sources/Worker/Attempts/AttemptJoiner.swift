import Partition
import Platform
import Protocol
import Security
import SwiftProtobuf
import Transport

/// Takes a worker into an attempt: connects it to its peers and stores, and binds its kernels to the stores' memory.
struct AttemptJoiner {
    let columns: HostedColumns
    let coordinator: Link
    let mailbox: WorkerMailbox
    let loop: EventLoop
    let receiver: WorkerReceiver
    let helloFields: HelloFields

    /// - Returns: The attempt's exchange, when this worker has all its values.
    /// - Throws: `AttemptEnded` where the attempt ends meanwhile.
    func join(_ topology: WireTopology) throws -> AttemptExchange {
        let (program, attempt) = (columns.program, topology.attempt)
        guard topology.workers.count == program.layout.workers else { throw WireError(.malformed, "a topology for another layout") }
        columns.activity.begin(attempt: attempt, .preparing)
        let placement = try topology.placement(of: columns.blocks)
        let held = Dictionary(grouping: program.blocks) { placement[$0.key]! }
        let exchange = AttemptExchange(columns, attempt: attempt, coordinator: coordinator, mailbox: mailbox)
        receiver.attach(exchange)
        try connectPeers(topology)
        for rank in held.keys.sorted() {
            let link = try connect(to: topology.stores[rank], .store, rank: rank, attempt)
            exchange.add(store: rank, link)
            link.start(receiver)
            link.send(hello(attempt), run: columns.run, attempt: attempt)
            try ParameterBinding.register(
                held[rank]!, layouts: columns.runner.backend.parameterLayouts, on: link, run: columns.run, attempt: attempt)
        }
        try columns.bind(try mailbox.wait { $0.segments.count == held.count ? $0.segments : nil }, held)
        exchange.route(held.keys)
        let (keys, base) = (program.blocks.map(\.key), Int(clamping: topology.baseStep))
        try mailbox.wait { $0.hasValues(keys, after: base) ? () : nil }
        return exchange
    }

    /// Connects to the replica's other workers. The lower rank connects, so that a pair has one connection.
    private func connectPeers(_ topology: WireTopology) throws {
        let (rank, attempt) = (columns.assignment.rank, topology.attempt)
        let replica = columns.program.layout.workers(of: columns.program.replica)
        for other in replica where other > rank {
            let link = try connect(to: topology.workers[other], .worker, rank: other, attempt)
            let isCurrent = mailbox.update { state in
                if state.attempt.number == attempt { state.peers[attempt, other] = link }
                return state.attempt.number == attempt
            }
            if !isCurrent { link.cancel("the attempt has ended") }
            link.start(receiver)
            link.send(hello(attempt), run: columns.run, attempt: attempt)
        }
        let lower = replica.lowerBound..<rank
        try mailbox.waitForState { state in lower.allSatisfy { state.peers[attempt, $0] != nil } ? () : nil }
    }

    private func hello(_ attempt: UInt32) -> WireControlMessage {
        var hello = helloFields.hello(listenPort: 0)
        (hello.hello.run, hello.hello.rank, hello.hello.attempt) = (columns.run, UInt32(columns.assignment.rank), attempt)
        return hello
    }

    /// A peer that cannot be reached is a failure like any other: it is reported to the coordinator, which ends the attempt.
    private func connect(to endpoint: WireTopology.Endpoint, _ role: WireHello.Role, rank: Int, _ attempt: UInt32) throws -> Link {
        do {
            return try Connector.connect(to: endpoint.socketAddress, loop: loop, expecting: role == .worker ? .worker : .store)
        } catch {
            var lost = WireLinkLost()
            (lost.role, lost.rank, lost.reason) = (role, UInt32(rank), "\(error)")
            coordinator.send(.with { $0.linkLost = lost }, run: columns.run, attempt: attempt)
            return try mailbox.wait { _ in nil }
        }
    }
}

extension WireTopology.Endpoint {
    var socketAddress: SocketAddress { SocketAddress(host: address, port: UInt16(truncatingIfNeeded: port)) }
}
