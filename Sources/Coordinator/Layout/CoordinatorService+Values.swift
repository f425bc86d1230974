import NeuralNetwork
import Partition
import SwiftProtobuf
import Threading
import Wire

/// Which store keeps which parameter block, and what moves where that changes.
extension CoordinatorService {
    /// Decides who keeps which block from now on, and has those that give some away send them. Before the topology.
    func placeValues() {
        let (before, old) = (keepers, members)
        placeBlocks()
        guard !before.isEmpty else { return }
        change?.phase = .placed
        let moved = blocks.filter { keepers[$0.key] != before[$0.key] }
        guard !moved.isEmpty || change.map({ $0.before != layout }) ?? false else { return releaseLeavers() }
        for (keeper, blocks) in Dictionary(grouping: moved, by: { before[$0.key] }) {
            guard let keeper, let member = old[keeper] else {
                return end(.lost("a store is gone that kept \(blocks.count) parameter blocks"))
            }
            var order = WireHandOver()
            (order.blocks, order.step) = (blocks.map(\.key.wire), UInt64(ledger.committed))
            member.link.send(.with { $0.handOver = order }, run: run, attempt: attempt)
        }
        for block in moved {
            guard let from = before[block.key], let to = keepers[block.key] else { continue }
            moves.expect(block, from: from, to: to)
        }
        for member in members.values where member.isStore { sendWelcome(member) }
        releaseLeavers()
    }

    /// Shares blocks out over the stores of the hosts whose workers use them. A block none of whose workers' hosts has a store stays with
    /// the store that has it, or the workers take turns.
    private func placeBlocks() {
        let identities = rendezvous.workers.map { $0?.hostIdentity ?? "" }
        let hosts = identities.map { identities.firstIndex(of: $0)! }
        let (before, stores) = (keepers, rendezvous.stores)
        let placement = BlockPlacement(
            blocks, layout: layout, hosts: hosts,
            store: { host in stores.firstIndex { $0.hostIdentity == identities[host] } },
            otherwise: { [layout, members] key in
                if case .store(let rank)? = before[key].flatMap({ members[$0]?.role }) { return rank }
                return layout.worker(of: key.column, replica: 0) % max(stores.count, 1)
            })
        let links = Dictionary(
            members.compactMap { id, member in if case .store(let rank) = member.role { (rank, id) } else { nil } }, uniquingKeysWith: { first, _ in first })
        keepers = Dictionary(
            uniqueKeysWithValues: blocks.map { block in (block.key, placement[block.key].flatMap { links[$0] } ?? ObjectIdentifier(self)) })
        self.placement = placement
    }

    /// Values and momentum of a block, on their way from one store to another.
    func receivedMove(_ header: FrameHeader, on link: Link) throws {
        let (keeper, payload) = try moves.received(header, on: ObjectIdentifier(link))
        guard let keeper = members[keeper] else { return }
        var frame = FrameHeader(.restore)
        (frame.run, frame.blockKey, frame.isMomentum) = (run, header.blockKey, header.isMomentum)
        keeper.link.send(frame, payload)
        guard !moves.isOwed(by: ObjectIdentifier(link)) else { return }
        releaseLeavers()
        guard moves.isEmpty else { return }
        if isStopping { endAfterStop() }
        considerChange()
    }
}
