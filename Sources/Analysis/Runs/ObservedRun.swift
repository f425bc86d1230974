import Foundation
package import NeuralNetwork
package import Partition
package import Prediction
package import RunLog

/// Derives kernel times from a run's traced steps.
package enum ObservedRun {
    /// - Parameters:
    ///   - cluster: the hosts that the run used.
    ///   - placement: each worker's host, as an index into the cluster.
    ///   - isCounted: selects the traced steps to use.
    /// - Returns: nil if no step was traced.
    /// - Throws: an error if the run's record or configuration cannot be read.
    package static func profile(
        _ run: RunDirectory, _ configuration: RunConfiguration, _ layout: ColumnLayout, on cluster: Cluster, placement: [Int],
        basis: String, isCounted: (Int) -> Bool = { _ in true }
    ) throws -> KernelProfile? {
        let compiler = try ProgramCompiler(
            network: configuration.network, workers: layout.workers, replicas: layout.replicas, batch: configuration.recipe.sliceBatch)
        let passes = configuration.recipe.slices / layout.replicas
        var observation = KernelProfile.Observation()
        var updates = (seconds: 0.0, count: 0)
        for line in run.timelines() where isCounted(line.step) {
            if line.role == "store" {
                updates.seconds += line.spans.filter { $0.kind == .update }.reduce(0) { $0 + Double($1.duration) * 1e-9 }
                continue
            }
            guard line.role == "worker", (0..<layout.workers).contains(line.rank) else { continue }
            let program = compiler.program(worker: line.rank)
            // The spans follow the program's order, pass by pass.
            let computations = program.instructions.compactMap {
                if case .compute(let computation) = $0 { computation } else { nil }
            }
            let computed = line.spans.filter { $0.kind == .compute }
            guard computed.count == computations.count * passes else { continue }
            for (index, span) in computed.enumerated() {
                let computation = computations[index % computations.count]
                if computation.kind == .loss, computation.column != program.columns.lowerBound { continue }
                observation.times.append((computation, Double(span.duration) * 1e-9))
            }
            if line.rank == 0 { updates.count += 1 }
        }
        guard !observation.times.isEmpty else { return nil }
        let parameters = try configuration.network.parameterCount()
        observation.updateSeconds = updates.seconds / Double(max(1, updates.count)) / Double(max(1, parameters))
        let hosted = layout.columns / layout.workersPerReplica
        let own = (try run.record().work ?? []).filter { $0.role == "worker" }.map(\.peak_bytes).max() ?? 0
        observation.columnBytes = own / max(1, hosted)
        // The part of this run's step time that its kernels do not explain is overhead that other runs have too.
        let kernels = KernelProfile(basis: basis, observation)
        if let median = RunSummary(MetricsIndex(run)).medianRate {
            let plan = try PlannedRun(configuration, layout: layout, cluster: cluster, placement: placement)
            let predicted = try StepSimulation.predict(plan, kernels).seconds
            observation.overhead = max(0, Double(configuration.recipe.batch) / median - predicted)
        }
        return KernelProfile(basis: basis, observation)
    }
}
