package import Partition
import Protocol
package import Transport

/// The values or the momentum of one parameter block.
package struct BlockPart: Hashable, Sendable {
    package let key: ParameterBlock.Key
    package let isMomentum: Bool

    package init(_ key: ParameterBlock.Key, isMomentum: Bool) { (self.key, self.isMomentum) = (key, isMomentum) }
    package init(_ header: FrameHeader) { self.init(ParameterBlock.Key(header.blockKey), isMomentum: header.isMomentum) }
}

/// Which store holds each parameter block, and which parts are on their way from one store to another.
package struct Holdings: Sendable {
    package struct Move: Sendable, Equatable {
        package let from: MemberID
        package let to: MemberID
    }

    /// A store's order to give blocks away.
    package struct HandOver: Sendable, Equatable {
        package let from: MemberID
        package let keys: [ParameterBlock.Key]
    }

    /// The network's blocks, in the order of their keys.
    package let blocks: [ParameterBlock]
    /// Empty before the first topology.
    package private(set) var holders: [ParameterBlock.Key: MemberID] = [:]
    /// The holders as ranks of the topology.
    package private(set) var placement: BlockPlacement?
    private var moves: [BlockPart: Move] = [:]

    package init(_ blocks: [ParameterBlock]) { self.blocks = blocks }

    package var isPlaced: Bool { placement != nil }
    /// Whether every part has arrived where it belongs.
    package var isComplete: Bool { moves.isEmpty }

    /// Whether parts have not left a store yet.
    package func isOwed(by store: MemberID) -> Bool { moves.values.contains { $0.from == store } }

    /// Whether a store has values that nobody else has.
    package func isHolder(_ store: MemberID) -> Bool { isOwed(by: store) || holders.values.contains(store) }

    /// Stores that hold blocks of these columns.
    package func holders(of columns: Range<Int>) -> Set<MemberID> {
        Set(holders.compactMap { columns.contains($0.key.column) ? $0.value : nil })
    }

    /// Columns of the blocks that a store of the topology holds.
    package func columns(ofStore rank: Int) -> [Int] { Set(blocks.map(\.key).filter { placement?[$0] == rank }.map(\.column)).sorted() }

    /// Shares blocks out over the stores of the hosts whose workers use them. A block of which no user's host has a store stays where it is;
    /// a new one goes to the stores in turn.
    /// - Parameters:
    ///   - hosts: The host identity of each worker, by rank.
    ///   - stores: The stores of the new topology with their hosts' identities, by rank.
    /// - Returns: What stores must give away.
    package mutating func place(_ layout: ColumnLayout, hosts: [String], stores: [(id: MemberID, host: String)]) -> [HandOver] {
        let before = holders
        let ranks = Dictionary(stores.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        let placement = BlockPlacement(
            blocks, layout: layout, hosts: hosts.map { hosts.firstIndex(of: $0)! },
            store: { host in stores.firstIndex { $0.host == hosts[host] } },
            otherwise: { key in before[key].flatMap { ranks[$0] } ?? layout.worker(of: key.column, replica: 0) % max(stores.count, 1) })
        self.placement = placement
        holders = [:]
        for block in blocks {
            guard let rank = placement[block.key], stores.indices.contains(rank) else { continue }
            holders[block.key] = stores[rank].id
        }
        var given: [MemberID: [ParameterBlock.Key]] = [:]
        for block in blocks {
            guard let from = before[block.key], let to = holders[block.key], from != to else { continue }
            given[from, default: []].append(block.key)
            for isMomentum in [false, true] { moves[BlockPart(block.key, isMomentum: isMomentum)] = Move(from: from, to: to) }
        }
        return given.sorted { $0.key < $1.key }.map { HandOver(from: $0.key, keys: $0.value) }
    }

    package func move(of part: BlockPart) -> Move? { moves[part] }

    /// Takes note of a part that has left its store.
    /// - Returns: The store that holds it from now on; nil where nobody asked for the part.
    package mutating func arrived(_ part: BlockPart, from: MemberID) -> MemberID? {
        guard let move = moves[part], move.from == from else { return nil }
        moves[part] = nil
        return move.to
    }
}
