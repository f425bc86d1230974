import Foundation
import HTTPTypes
import NIOPosix
import Platform
import RunLog

/// The list of the runs in a directory. Unchanged runs are cached.
final class RunCatalog: Sendable {
    struct Entry: Encodable, Equatable, Sendable {
        var name: String
        var state: String
        var reason: String?
        var started: String
        var ended: String?
        /// The time of the last write.
        var updated: String
        var step: Int
        var steps: Int
        var epoch: Int
        /// Loss and learning rate of the last step.
        var loss: Double?
        var learning_rate: Double?
        /// Of the last validation, and the lowest of all.
        var top1_error: Double?
        var best_top1_error: Double?
        /// Median over all steps.
        var images_per_second: Double?
        var workers: Int
        /// The names of the layers, separated by spaces.
        var network: String
        /// The preset that the network is; nil where a file states the network, or an older release wrote the record.
        var preset: String?
        /// The data set's directory.
        var dataset: String
    }

    private struct Stamp: Equatable { var sizes: [Int]; var times: [Double] }

    private let runs: String
    private let cache = Monitor<[String: (stamp: Stamp, entry: Entry)]>([:])
    private let timelines = Monitor<[String: TimelineIndex]>([:])

    init(runs: String) { self.runs = runs }

    /// Runs blocking file access on a thread pool, because the cooperative pool that serves requests must not block.
    static func onDisk<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    /// Returns the run of that name.
    /// - Throws: `DashboardError` if there is none, or if the name would lead out of the directory.
    func run(_ name: String) throws -> RunDirectory {
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix("."), !name.contains("\0"),
            let directory = try? RunDirectory.find(runs + "/" + name, runs: runs)
        else { throw DashboardError(.notFound, "there is no run \(name) in \(runs); choose one from the list of runs") }
        return directory
    }

    /// Returns the index of a run's traced steps.
    /// - Throws: `DashboardError` if there is no such run.
    func timelines(_ name: String) throws -> TimelineIndex {
        let run = try run(name)
        return timelines.update { known in
            if let index = known[run.path] { return index }
            let index = TimelineIndex(run)
            known[run.path] = index
            return index
        }
    }

    /// Returns all runs, newest first.
    func entries() -> [Entry] {
        RunDirectory.all(in: runs).compactMap { entry($0) }
    }

    /// The figures of one run; nil where it has no run.json.
    func entry(_ directory: RunDirectory) -> Entry? {
        let stamp = Self.stamp(directory)
        if var found = cache.read({ $0[directory.path] }), found.stamp == stamp {
            // Files that stop changing are the one change that a stamp does not show.
            if found.entry.state == RunRecord.State.running.rawValue, WallClock.now - directory.lastWritten > RunDirectory.silence {
                found.entry.state = "lost"
            }
            return found.entry
        }
        guard let record = try? directory.record() else { return nil }
        let summary = RunSummary(MetricsIndex(directory))
        let entry = Entry(
            name: directory.name, state: directory.state(record), reason: record.reason, started: record.started,
            ended: record.ended, updated: Timestamp.text(stamp.times.max() ?? 0), step: summary.last?.step ?? 0,
            steps: record.steps, epoch: summary.last?.epoch ?? 0, loss: summary.last?.figures[0], learning_rate: summary.last?.figures[1],
            top1_error: summary.lastValidation?.figures[1], best_top1_error: summary.bestValidation?.figures[1],
            images_per_second: summary.medianRate, workers: record.workers,
            network: record.plan?.layers.joined(separator: " ") ?? "", preset: record.preset, dataset: record.dataset)
        cache.update { $0[directory.path] = (stamp, entry) }
        return entry
    }

    private static func stamp(_ directory: RunDirectory) -> Stamp {
        let files = [directory.recordPath, directory.metricsPath, directory.statusPath, directory.eventsPath].map(FileStamp.init)
        return Stamp(sizes: files.map(\.size), times: files.map(\.time))
    }
}
