public import Foundation

/// The directory of one run; docs/architecture.md describes its files.
public struct RunDirectory: Sendable, Equatable {
    public let path: String

    public init(_ path: String) { self.path = path }

    public var name: String { (path as NSString).lastPathComponent }
    public var recordPath: String { path + "/run.json" }
    public var metricsPath: String { path + "/metrics.jsonl" }
    public var eventsPath: String { path + "/events.jsonl" }
    /// `MetricsIndex`'s file.
    public var indexPath: String { path + "/metrics.index" }
    public var logPath: String { path + "/log.jsonl" }
    public var statusPath: String { path + "/status.json" }
    public var timelinePath: String { path + "/timeline.jsonl" }
    /// The run's token, while it runs.
    public var tokenPath: String { path + "/token" }
    public var logsPath: String { path + "/logs" }
    public var checkpointsPath: String { path + "/checkpoints" }
    public func logPath(role: String, rank: Int) -> String { "\(logsPath)/\(role)-\(rank).log" }

    public func checkpointPath(step: Int) -> String {
        let digits = String(step)
        return checkpointsPath + "/step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// Creates a run's directory, which must not exist.
    public static func create(runs: String, name: String?) throws -> RunDirectory {
        let manager = FileManager.default
        try manager.createDirectory(atPath: runs, withIntermediateDirectories: true)
        if let name {
            guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
                throw RunLogError("\"\(name)\" is no name for a run; use letters, digits and dashes")
            }
            let directory = RunDirectory(runs + "/" + name)
            guard !manager.fileExists(atPath: directory.path) else {
                throw RunLogError(
                    "a run named \(name) is in \(runs) already; choose another --name, or continue it with --resume \(directory.path)")
            }
            return try directory.made()
        }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        let stamp = formatter.string(from: Date())
        for suffix in [""] + (2...999).map({ "-\($0)" }) {
            let directory = RunDirectory(runs + "/" + stamp + suffix)
            if !manager.fileExists(atPath: directory.path) { return try directory.made() }
        }
        throw RunLogError("\(runs) is full of runs of this second; name this one with --name")
    }

    private func made() throws -> RunDirectory {
        do {
            for part in [path, logsPath, checkpointsPath] {
                try FileManager.default.createDirectory(atPath: part, withIntermediateDirectories: true)
            }
        } catch {
            throw RunLogError("cannot create \(path): \(error.localizedDescription); choose another directory with --runs")
        }
        return self
    }

    // MARK: Reading

    static func content(_ path: String) -> Data? {
        // Foundation does not give back the page that it takes for an empty file, and a run is looked at again and again.
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
        return size == 0 ? Data() : FileManager.default.contents(atPath: path)
    }

    public func record() throws -> RunRecord {
        guard let data = Self.content(recordPath) else {
            throw RunLogError("\(path) is no run: it has no run.json")
        }
        do { return try JSONDecoder().decode(RunRecord.self, from: data) } catch {
            throw RunLogError("\(recordPath) is damaged: \(error)")
        }
    }

    /// Every readable line of metrics.jsonl. A torn line costs only itself.
    public func metrics() throws -> [MetricsLine] {
        Self.lines(metricsPath)
    }

    /// A line of metrics.jsonl as it is.
    public func line(_ entry: MetricsIndex.Entry) -> Data? {
        LineFile(metricsPath)?.read(entry.offset, entry.length)
    }

    /// Every readable line of events.jsonl.
    public func events() -> [RunEvent] { Self.lines(eventsPath) }

    /// Every readable line of log.jsonl.
    public func log() -> [LogLine] { Self.lines(logPath) }

    /// What everybody was at when the coordinator last said.
    public func status() -> RunStatus? {
        Self.content(statusPath).flatMap { try? JSONDecoder().decode(RunStatus.self, from: $0) }
    }

    private static func lines<Line: Decodable & Sendable>(_ path: String, progress: (Double) -> Void = { _ in }) -> [Line] {
        var reader = LineReader<Line>(path)
        return reader.next(progress: progress)
    }

    /// Every readable line of timeline.jsonl, which only traced steps have.
    /// - Parameter progress: called now and then with the fraction of the file that has been read.
    public func timelines(progress: (Double) -> Void = { _ in }) -> [TimelineLine] {
        Self.lines(timelinePath, progress: progress)
    }

    /// Checkpoints that are complete, by step.
    public func checkpoints() -> [(step: Int, path: String)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpointsPath)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
            return (step, checkpointsPath + "/" + name)
        }.sorted { $0.step < $1.step }
    }

    /// Removes the oldest checkpoints but the newest `keeping`; 0 keeps all.
    public func removeCheckpoints(keeping: Int) {
        guard keeping > 0 else { return }
        // One that cannot be removed is there the next time.
        for checkpoint in checkpoints().dropLast(keeping) { try? FileManager.default.removeItem(atPath: checkpoint.path) }
    }

    /// Every run below a directory, newest first.
    public static func all(in runs: String) -> [RunDirectory] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []
        return names.map { RunDirectory(runs + "/" + $0) }
            .filter { FileManager.default.fileExists(atPath: $0.recordPath) }
            // A record is read once for each run, not at each comparison.
            .map { (started: (try? $0.record().started) ?? "", directory: $0) }
            .sorted { ($0.started, $0.directory.name) > ($1.started, $1.directory.name) }
            .map(\.directory)
    }

    /// Finds a run by its path or by its name below `runs`.
    public static func find(_ text: String, runs: String) throws -> RunDirectory {
        for path in [text, runs + "/" + text] {
            let directory = RunDirectory(path.hasSuffix("/") ? String(path.dropLast()) : path)
            if FileManager.default.fileExists(atPath: directory.recordPath) { return directory }
        }
        throw RunLogError("no run \(text); `colonnade runs list --runs \(runs)` shows what is there")
    }
}
