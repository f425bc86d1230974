import Coordinator
import Foundation
import NeuralNetwork
import Partition
import Prediction
import RunLog

/// What `plan` would have said of a run, beside what the run did: its error is part of every run's log. The run's own kernels are
/// kept for the predictions of later ones.
struct RunForecast {
    private let configuration: RunConfiguration
    private let layout: ColumnLayout
    /// Of the network between hosts, as it was stated.
    private let bandwidth: Bandwidth?
    private let latency: Latency?
    /// The step that the run began from.
    private let base: Int

    /// Traced in every run, when caches and memory have settled: a few, because kernels take longer now and then.
    static let tracedSteps = [4, 6, 8, 10, 12]
    /// Fewer steps than this say little of a rate.
    private static let fewest = 12

    init(_ configuration: RunConfiguration, _ layout: ColumnLayout, base: Int, bandwidth: Bandwidth?, latency: Latency?) {
        (self.configuration, self.layout, self.base) = (configuration, layout, base)
        (self.bandwidth, self.latency) = (bandwidth, latency)
    }

    /// Compares, when the run has ended. A run that cannot be compared is none the worse.
    func conclude(_ writer: RunWriter, _ journal: RunJournal) {
        let run = writer.directory
        guard let record = try? run.record(), record.replicas ?? 1 == layout.replicas, record.workers == layout.workers,
            let (cluster, placement) = hosts(record), let measured = measuredRate(run)
        else { return }
        let busiest = Dictionary(grouping: placement) { $0 }.values.map(\.count).max() ?? 1
        let neighbours = max(1, min(busiest, cluster.hosts[0].cores / configuration.recipe.threads))
        guard let profiles = try? KernelProfiles(configuration, neighbours: neighbours) else { return }
        if let profile = profiles.known,
            let plan = try? PlannedRun(configuration, layout: layout, cluster: cluster, placement: placement),
            let predicted = try? StepSimulation.predict(plan, profile)
        {
            note(predicted, measured, profile, writer, journal)
        }
        let own = try? ObservedRun.profile(
            run, configuration, layout, on: cluster, placement: placement, basis: "as in run \(record.name), \(record.started)",
            isCounted: { Self.tracedSteps.contains($0 - base) })
        // Within one host, so that no network's delays are taken for a kernel's.
        if let own, cluster.hosts.count == 1 { try? profiles.keepIfFaster(own) }
    }

    private func note(_ predicted: StepPrediction, _ measured: Double, _ profile: KernelProfile, _ writer: RunWriter, _ journal: RunJournal) {
        let error = predicted.imagesPerSecond / measured - 1
        try? writer.update { record in
            record.prediction = .init(
                images_per_second: predicted.imagesPerSecond, measured_images_per_second: measured, error: error,
                exchange_wait: predicted.exchangeWait, store_wait: predicted.storeWait, basis: "kernels \(profile.basis)")
        }
        let off = "\(Terminal.fixed(abs(error) * 100, 1)) % \(error < 0 ? "below" : "above")"
        journal.note(
            "prediction",
            "predicted \(Terminal.fixed(predicted.imagesPerSecond, 1)) images/s, \(off) the \(Terminal.fixed(measured, 1)) that were measured (kernels \(profile.basis))",
            ["predicted": "\(predicted.imagesPerSecond)", "measured": "\(measured)", "error": "\(error)"])
    }

    /// The median over steps; nil of a run that is too short.
    private func measuredRate(_ run: RunDirectory) -> Double? {
        var rates: [Double] = []
        MetricsIndex(run).forEach { entry in
            // The first two find memory and caches cold.
            if entry.kind == .step, entry.step > base + 2, rates.count < 1 << 20 { rates.append(entry.figures[2]) }
        }
        guard rates.count >= Self.fewest - 2 else { return nil }
        rates.sort()
        return rates[rates.count / 2]
    }

    /// The hosts that the workers ran on, which their addresses tell apart, and the host of each.
    private func hosts(_ record: RunRecord) -> (Cluster, [Int])? {
        let workers = record.processes.filter { $0.role == "worker" }
        // The last that joined as a rank is the one that was there at the end.
        let byRank = Dictionary(workers.map { ($0.rank, $0) }) { $1 }
        var (names, placement): ([String], [Int]) = ([], [])
        for rank in 0..<layout.workers {
            guard let process = byRank[rank] else { return nil }
            let place = process.address.split(separator: ":").dropLast().joined(separator: ":")
            if let host = names.firstIndex(of: place) {
                placement.append(host)
            } else {
                placement.append(names.count)
                names.append(place)
            }
        }
        var cluster = Cluster.thisMachine(workers: layout.workers)
        guard names.count > 1 else { return (cluster, placement) }
        cluster.hosts = names.enumerated().map { number, name in
            let resident = placement.count { $0 == number } * configuration.recipe.threads
            return .init(
                name: name, workers: layout.workers, cores: max(1, resident), bandwidth: bandwidth?.bytesPerSecond ?? PlanHosts.bandwidth,
                latency: latency?.seconds ?? PlanHosts.latency)
        }
        return (cluster, placement)
    }
}
