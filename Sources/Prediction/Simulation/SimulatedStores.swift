import NeuralNetwork
import Partition
import Tensors

/// The stores in a simulation, one on each host: they collect contributions to gradients, and update one parameter block after another.
struct SimulatedStores {
    /// A parameter block, which is known by its number.
    struct Parameter {
        let host: Int
        /// Bytes of all values, as they are sent to another host.
        let valueBytes: Double
        /// Bytes of a gradient from another host.
        let gradientBytes: Double
        /// The number of elements.
        let count: Double
        /// Ranks of the workers that use the block.
        let users: [Int]
        /// The number of contributions to this step's gradient that have arrived.
        fileprivate var contributions = 0
    }

    private struct Store {
        var queue: [Int] = []
        var isBusy = false
        var busy = 0.0
    }

    private(set) var parameters: [Parameter]
    private var stores: [Store]
    /// Seconds of one element's update on a host of speed 1.
    private let updateSeconds: Double
    /// The speed of each host.
    private let speeds: [Double]
    /// The number of contributions to each gradient.
    let contributions: Int

    /// - Parameters:
    ///   - blocks: the network's parameter blocks, which are numbered in this order.
    ///   - contributions: the number of contributions to each gradient.
    ///   - updateSeconds: seconds of one element's update on a host of speed 1.
    init(_ plan: PlannedRun, _ blocks: [ParameterBlock], contributions: Int, updateSeconds: Double) {
        let (recipe, layout, hosts) = (plan.configuration.recipe, plan.layout, plan.storeHosts(of: blocks))
        parameters = blocks.map { block in
            let count = Double(block.shape.count)
            let valueBytes = block.key.kind == .weight ? recipe.precision.elements.byteCount : 4
            return Parameter(
                host: hosts[block.key]!, valueBytes: Double(valueBytes) * count,
                gradientBytes: Double(recipe.exchange.elements(of: block.key.kind).byteCount) * count, count: count,
                users: (0..<layout.replicas).map { layout.worker(of: block.key.column, replica: $0) })
        }
        stores = plan.cluster.hosts.map { _ in Store() }
        speeds = plan.cluster.hosts.map(\.speed)
        (self.contributions, self.updateSeconds) = (contributions, updateSeconds)
    }

    /// Counts a contribution to a gradient. A complete gradient joins the queue of its store.
    /// - Returns: whether the gradient is complete.
    mutating func receive(_ key: Int) -> Bool {
        parameters[key].contributions += 1
        guard parameters[key].contributions == contributions else { return false }
        parameters[key].contributions = 0
        stores[parameters[key].host].queue.append(key)
        return true
    }

    /// Begins a store's next update, if it has one to do and none under way.
    /// - Returns: seconds until the update is done; nil if none began.
    mutating func beginUpdate(on host: Int) -> Double? {
        guard !stores[host].isBusy, let key = stores[host].queue.first else { return nil }
        stores[host].isBusy = true
        // Each contribution after the first adds 4 bytes to read to the 20 bytes of an update.
        let seconds = parameters[key].count * updateSeconds * (1 + 0.2 * Double(contributions - 1)) / speeds[host]
        stores[host].busy += seconds
        return seconds
    }

    /// Ends a store's update.
    /// - Returns: the number of the updated block.
    mutating func endUpdate(on host: Int) -> Int {
        stores[host].isBusy = false
        return stores[host].queue.removeFirst()
    }

    /// Forgets how long the stores have been busy so far.
    mutating func resetTimes() { for host in stores.indices { stores[host].busy = 0 } }

    /// Returns the seconds that a host's store has been busy.
    func busy(_ host: Int) -> Double { stores[host].busy }

    /// Returns the bytes of some parameters' values at 32 bits.
    func bytes(where condition: (Parameter) -> Bool) -> Int { Int(4 * parameters.filter(condition).reduce(0) { $0 + $1.count }) }
}
