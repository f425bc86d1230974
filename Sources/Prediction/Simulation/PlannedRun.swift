public import NeuralNetwork
public import Partition

/// A run's configuration, layout and hosts, as input of a prediction.
public struct PlannedRun: Sendable {
    public let configuration: RunConfiguration
    public let layout: ColumnLayout
    /// The host of each worker.
    public let placement: [Int]
    public let cluster: Cluster

    /// - Parameter placement: the host of each worker; nil fills the hosts in order.
    /// - Throws: `NetworkError` if the hosts have room for fewer workers.
    public init(_ configuration: RunConfiguration, layout: ColumnLayout, cluster: Cluster, placement: [Int]? = nil) throws {
        (self.configuration, self.layout, self.cluster) = (configuration, layout, cluster)
        self.placement = try placement ?? cluster.placement(workers: layout.workers)
    }

    /// Returns the host whose store has each parameter block; every host has one store.
    public func storeHosts(of blocks: [ParameterBlock]) -> BlockPlacement {
        BlockPlacement(blocks, layout: layout, hosts: placement, store: { $0 }, otherwise: { _ in 0 })
    }

    /// Ranks of the workers on each host.
    var residents: [[Int]] {
        cluster.hosts.indices.map { host in (0..<layout.workers).filter { placement[$0] == host } }
    }
}
