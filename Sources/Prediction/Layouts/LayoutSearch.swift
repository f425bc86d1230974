public import NeuralNetwork
import Partition

/// A layout with what is predicted of it.
public struct PredictedLayout: Sendable {
    public let plan: PlannedRun
    public let prediction: StepPrediction

    /// - Throws: where the times are another network's.
    public init(_ plan: PlannedRun, _ times: any KernelTimes) throws {
        self.plan = plan
        prediction = try StepSimulation.predict(plan, times)
    }

    /// How many workers each host has.
    public var workersOfHosts: [Int] { plan.cluster.hosts.indices.map { host in plan.placement.count { $0 == host } } }
}

/// Every layout that hosts have place for.
public enum LayoutSearch {
    /// What is simulated at most.
    private static let limit = 512

    /// Layouts in the order of their rates, the best first. Every one trains the same bits: `slices` bounds the replicas.
    public static func layouts(_ configuration: RunConfiguration, on cluster: Cluster, _ times: any KernelTimes) throws -> [PredictedLayout] {
        var found: [PredictedLayout] = []
        let columns = configuration.network.columns
        for replicas in 1...configuration.recipe.slices where configuration.recipe.slices % replicas == 0 {
            for each in 1...columns where replicas * each <= cluster.places {
                let layout = try ColumnLayout(columns: columns, workers: replicas * each, replicas: replicas)
                for placement in placements(layout.workers, on: cluster) {
                    guard found.count < limit else { break }
                    found.append(try PredictedLayout(PlannedRun(configuration, layout: layout, cluster: cluster, placement: placement), times))
                }
            }
        }
        // Of equals the one with fewer workers, which was found first.
        return found.enumerated().sorted {
            ($1.element.prediction.imagesPerSecond, $0.offset) < ($0.element.prediction.imagesPerSecond, $1.offset)
        }.map(\.element)
    }

    /// On as few hosts as possible, and shared out evenly.
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
