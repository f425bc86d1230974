import Tensors

/// The assignment of parameter blocks to stores, by the stores' ranks.
public struct BlockPlacement: Sendable, Equatable {
    private let stores: [ParameterBlock.Key: Int]

    /// Creates a placement from known assignments, such as those that a coordinator sent.
    public init(_ stores: [ParameterBlock.Key: Int]) { self.stores = stores }

    /// Distributes blocks over the hosts of the workers that use them, so that the busiest host's traffic is small. Blocks are placed
    /// greedily, the largest first, each on the store that keeps the maximum traffic of its users' hosts lowest.
    /// - Parameters:
    ///   - hosts: the host of each worker.
    ///   - store: returns the store of a host; nil if it has none.
    ///   - otherwise: returns the store of a block if no host of its workers has a store.
    public init(
        _ blocks: [ParameterBlock], layout: ColumnLayout, hosts: [Int], store: (Int) -> Int?, otherwise: (ParameterBlock.Key) -> Int
    ) {
        var stores: [ParameterBlock.Key: Int] = [:]
        // Elements of gradients that each host sends and receives. It receives and sends as many elements of values.
        var loads: [Int: Int] = [:]
        // Elements stored on each host.
        var stored: [Int: Int] = [:]
        for block in blocks.sorted(by: { ($1.shape.count, $0.key) < ($0.shape.count, $1.key) }) {
            let users = (0..<layout.replicas).map { hosts[layout.worker(of: block.key.column, replica: $0)] }
            let count = Dictionary(users.map { ($0, 1) }, uniquingKeysWith: +)
            /// Returns the elements of the block that the link of `host` carries if `owner` stores it.
            func traffic(_ host: Int, _ owner: Int) -> Int {
                block.shape.count * (host == owner ? users.count - count[host]! : count[host]!)
            }
            var best: (load: (largest: Int, sum: Int, stored: Int), owner: Int)?
            // A tie goes to the host that stores least, then to that of the first replica.
            for owner in users where store(owner) != nil {
                let after = count.keys.map { loads[$0, default: 0] + traffic($0, owner) }
                let load = (after.max()!, after.reduce(0, +), stored[owner, default: 0])
                if best.map({ load < $0.load }) ?? true { best = (load, owner) }
            }
            guard let owner = best?.owner else {
                stores[block.key] = otherwise(block.key)
                continue
            }
            for host in count.keys { loads[host, default: 0] += traffic(host, owner) }
            stored[owner, default: 0] += block.shape.count
            stores[block.key] = store(owner)!
        }
        self.stores = stores
    }

    /// The rank of a block's store; nil if the block is not in the network.
    public subscript(key: ParameterBlock.Key) -> Int? { stores[key] }
}
