public import NeuralNetwork
import Partition

/// A layout and its prediction.
public struct PredictedLayout: Sendable {
    public let plan: PlannedRun
    public let prediction: StepPrediction

    /// - Throws: `NetworkError` if the times belong to another network.
    public init(_ plan: PlannedRun, _ times: any KernelTimes) throws {
        self.plan = plan
        prediction = try StepSimulation.predict(plan, times)
    }

    /// The number of workers on each host.
    public var workersOfHosts: [Int] { plan.cluster.hosts.indices.map { host in plan.placement.count { $0 == host } } }
}

/// A search over the layouts that fit on the hosts. All of them compute the same bits, because replicas divide the slices.
public struct LayoutSearch: Sendable {
    /// The layouts that were simulated, the fastest first.
    public let layouts: [PredictedLayout]
    /// The number of layouts that fit and were not simulated, because there are too many. They have the most replicas.
    public let skipped: Int

    /// - Parameter limit: The largest number of layouts simulated.
    /// - Throws: `NetworkError` if the times belong to another network.
    public init(_ configuration: RunConfiguration, on cluster: Cluster, _ times: any KernelTimes, limit: Int = 512) throws {
        var found: [PredictedLayout] = []
        var skipped = 0
        let columns = configuration.network.columns
        for replicas in 1...configuration.recipe.slices where configuration.recipe.slices % replicas == 0 {
            for each in 1...columns where replicas * each <= cluster.capacity {
                let layout = try ColumnLayout(columns: columns, workers: replicas * each, replicas: replicas)
                for placement in Self.placements(layout.workers, on: cluster) {
                    guard found.count < limit else {
                        skipped += 1
                        continue
                    }
                    let plan = try PlannedRun(configuration, layout: layout, cluster: cluster, placement: placement)
                    found.append(try PredictedLayout(plan, times))
                }
            }
        }
        // A tie goes to the layout that was found first.
        layouts = found.enumerated().sorted {
            ($1.element.prediction.imagesPerSecond, $0.offset) < ($0.element.prediction.imagesPerSecond, $1.offset)
        }.map(\.element)
        self.skipped = skipped
    }

    /// Returns two placements: on as few hosts as possible, and distributed evenly.
    private static func placements(_ workers: Int, on cluster: Cluster) -> [[Int]] {
        let packed = Array(cluster.hosts.indices.flatMap { Array(repeating: $0, count: cluster.hosts[$0].workers) }.prefix(workers))
        var counts = cluster.hosts.map { _ in 0 }
        for _ in 0..<workers {
            let free = counts.indices.filter { counts[$0] < cluster.hosts[$0].workers }
            guard let host = free.min(by: { (counts[$0], $0) < (counts[$1], $1) }) else { break }
            counts[host] += 1
        }
        let even = counts.indices.flatMap { Array(repeating: $0, count: counts[$0]) }
        return packed == even ? [packed] : [packed, even]
    }
}
