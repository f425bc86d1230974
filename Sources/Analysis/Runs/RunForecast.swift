package import Coordinator
import Foundation
package import NeuralNetwork
package import Partition
import Prediction
package import RunLog
import Settings

/// Compares what `plan` would have predicted for a run with the measured rate, and logs the prediction's error. Caches the run's own
/// kernel times for later predictions.
package struct RunForecast: Sendable {
    private let configuration: RunConfiguration
    private let layout: ColumnLayout
    /// The stated bandwidth and latency of the network between hosts.
    private let bandwidth: Double?
    private let latency: Double?
    /// The step from which the run started.
    private let base: Int

    /// The fewest steps from which a rate is measured.
    private static let minimumSteps = 12

    package init(_ configuration: RunConfiguration, _ layout: ColumnLayout, base: Int, bandwidth: Double?, latency: Double?) {
        (self.configuration, self.layout, self.base) = (configuration, layout, base)
        (self.bandwidth, self.latency) = (bandwidth, latency)
    }

    /// Logs the comparison when the run has ended. Does nothing for a run that cannot be compared.
    package func conclude(_ recorder: RunRecorder, _ journal: RunJournal) {
        let run = recorder.directory
        guard let record = try? run.record(), record.replicas ?? 1 == layout.replicas, record.workers == layout.workers,
            let (cluster, placement) = hosts(record), let measured = measuredRate(run)
        else { return }
        let busiest = Dictionary(grouping: placement) { $0 }.values.map(\.count).max() ?? 1
        let neighbours = max(1, min(busiest, cluster.hosts[0].cores / configuration.recipe.threads))
        guard let profiles = try? KernelProfiles(configuration, neighbours: neighbours) else { return }
        if let profile = profiles.cached,
            let plan = try? PlannedRun(configuration, layout: layout, cluster: cluster, placement: placement),
            let predicted = try? StepSimulation.predict(plan, profile)
        {
            note(predicted, measured, profile, recorder, journal)
        }
        let own = try? ObservedRun.profile(
            run, configuration, layout, on: cluster, placement: placement, basis: "as in run \(record.name), \(record.started)",
            isCounted: { RunRequest.tracedSteps.contains($0 - base) })
        // Only from runs within one host, so that network delays do not count as kernel time.
        if let own, cluster.hosts.count == 1 { try? profiles.saveIfFaster(own) }
    }

    private func note(
        _ predicted: StepPrediction, _ measured: Double, _ profile: KernelProfile, _ recorder: RunRecorder, _ journal: RunJournal
    ) {
        let error = predicted.imagesPerSecond / measured - 1
        recorder.update { record in
            record.prediction = .init(
                images_per_second: predicted.imagesPerSecond, measured_images_per_second: measured, error: error,
                exchange_wait: predicted.exchangeWait, store_wait: predicted.storeWait, basis: "kernels \(profile.basis)")
        }
        journal.note(
            "prediction",
            "predicted images/s: \(FigureText.prediction(predicted.imagesPerSecond, measured: measured)) (kernels \(profile.basis))",
            ["predicted": "\(predicted.imagesPerSecond)", "measured": "\(measured)", "error": "\(error)"])
    }

    /// Returns the median rate over steps, in images per second; nil for a run that is too short.
    private func measuredRate(_ run: RunDirectory) -> Double? {
        var rates: [Double] = []
        MetricsIndex(run).forEach { entry in
            // The first two steps run with cold memory and caches.
            if entry.kind == .step, entry.step > base + 2, rates.count < 1 << 20 { rates.append(entry.figures[2]) }
        }
        guard rates.count >= Self.minimumSteps - 2 else { return nil }
        rates.sort()
        return rates[rates.count / 2]
    }

    /// Returns the hosts that the workers ran on, identified by address, and each worker's host as an index.
    private func hosts(_ record: RunRecord) -> (Cluster, [Int])? {
        let workers = record.processes.filter { $0.role == "worker" }
        // The last process that joined with a rank is the one that had it at the end.
        let byRank = Dictionary(workers.map { ($0.rank, $0) }) { $1 }
        var (names, placement): ([String], [Int]) = ([], [])
        for rank in 0..<layout.workers {
            guard let process = byRank[rank] else { return nil }
            let address = process.address.split(separator: ":").dropLast().joined(separator: ":")
            if let host = names.firstIndex(of: address) {
                placement.append(host)
            } else {
                placement.append(names.count)
                names.append(address)
            }
        }
        var cluster = Cluster.thisMachine(workers: layout.workers)
        guard names.count > 1 else { return (cluster, placement) }
        cluster.hosts = names.enumerated().map { number, name in
            let resident = placement.count { $0 == number } * configuration.recipe.threads
            return .init(
                name: name, workers: layout.workers, cores: max(1, resident),
                bandwidth: bandwidth ?? HostDefaults.bandwidth, latency: latency ?? HostDefaults.latency)
        }
        return (cluster, placement)
    }
}
