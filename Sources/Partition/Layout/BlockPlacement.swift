import Tensors

/// Which store keeps which parameter block, by the stores' ranks.
public struct BlockPlacement: Sendable, Equatable {
    private let stores: [ParameterBlock.Key: Int]

    /// Blocks that stand for themselves, such as those that are told by a coordinator.
    public init(_ stores: [ParameterBlock.Key: Int]) { self.stores = stores }

    /// Shares out blocks over the hosts of the workers that use them, so that the busiest host has as little as can be to send and to
    /// receive: the largest block first, each to the store that leaves that least.
    /// - Parameters:
    ///   - hosts: of each worker.
    ///   - store: of a host; nil where it has none.
    ///   - otherwise: the store of a block none of whose workers' hosts has one.
    public init(
        _ blocks: [ParameterBlock], layout: ColumnLayout, hosts: [Int], store: (Int) -> Int?, otherwise: (ParameterBlock.Key) -> Int
    ) {
        var stores: [ParameterBlock.Key: Int] = [:]
        // What each host sends of gradients, and receives of values; the other way there is as much.
        var loads: [Int: Int] = [:]
        var kept: [Int: Int] = [:]
        for block in blocks.sorted(by: { ($1.shape.count, $0.key) < ($0.shape.count, $1.key) }) {
            let users = (0..<layout.replicas).map { hosts[layout.worker(of: block.key.column, replica: $0)] }
            let count = Dictionary(users.map { ($0, 1) }, uniquingKeysWith: +)
            /// What a host's link carries of the block where `keeper` has it.
            func share(_ host: Int, _ keeper: Int) -> Int { block.shape.count * (host == keeper ? users.count - count[host]! : count[host]!) }
            var best: (load: (largest: Int, sum: Int, kept: Int), keeper: Int)?
            // Among equals the one that keeps least, then the first replica's.
            for keeper in users where store(keeper) != nil {
                let after = count.keys.map { loads[$0, default: 0] + share($0, keeper) }
                let load = (after.max()!, after.reduce(0, +), kept[keeper, default: 0])
                if best.map({ load < $0.load }) ?? true { best = (load, keeper) }
            }
            guard let keeper = best?.keeper else {
                stores[block.key] = otherwise(block.key)
                continue
            }
            for host in count.keys { loads[host, default: 0] += share(host, keeper) }
            kept[keeper, default: 0] += block.shape.count
            stores[block.key] = store(keeper)!
        }
        self.stores = stores
    }

    /// Nil for a block that is no part of the network.
    public subscript(key: ParameterBlock.Key) -> Int? { stores[key] }
}
