public import Foundation
import Platform

/// The directory of one run. docs/architecture.md describes its files.
public struct RunDirectory: Sendable, Equatable {
    public let path: String

    public init(_ path: String) { self.path = path }

    public var name: String { (path as NSString).lastPathComponent }
    public var recordPath: String { path + "/run.json" }
    public var metricsPath: String { path + "/metrics.jsonl" }
    public var eventsPath: String { path + "/events.jsonl" }
    /// The file of `MetricsIndex`.
    public var indexPath: String { path + "/metrics.index" }
    public var logPath: String { path + "/log.jsonl" }
    public var statusPath: String { path + "/status.json" }
    public var timelinePath: String { path + "/timeline.jsonl" }
    /// The file with the run's token. It exists only while the run is active.
    public var tokenPath: String { path + "/token" }
    public var logsPath: String { path + "/logs" }
    public var checkpointsPath: String { path + "/checkpoints" }
    public func logPath(role: String, rank: Int) -> String { "\(logsPath)/\(role)-\(rank).log" }

    public func checkpointPath(step: Int) -> String {
        let digits = String(step)
        return checkpointsPath + "/step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// Creates the directory of a new run.
    /// - Parameter name: the run's name; nil means the current time.
    /// - Throws: `RunLogError` if the name is invalid or taken, or if the directory cannot be created.
    public static func create(runs: String, name: String?) throws -> RunDirectory {
        let manager = FileManager.default
        try manager.createDirectory(atPath: runs, withIntermediateDirectories: true)
        if let name {
            guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
                throw RunLogError("\"\(name)\" is not a valid name of a run; use letters, digits and dashes")
            }
            let directory = RunDirectory(runs + "/" + name)
            guard !manager.fileExists(atPath: directory.path) else {
                throw RunLogError(
                    "\(runs) already has a run named \(name); choose another --name, or continue it with --resume \(directory.path)")
            }
            return try directory.makeFolders()
        }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        let stamp = formatter.string(from: Date())
        for suffix in [""] + (2...999).map({ "-\($0)" }) {
            let directory = RunDirectory(runs + "/" + stamp + suffix)
            if !manager.fileExists(atPath: directory.path) { return try directory.makeFolders() }
        }
        throw RunLogError("\(runs) has too many runs that were started in this second; name this one with --name")
    }

    private func makeFolders() throws -> RunDirectory {
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
        // Foundation leaks a page for every empty file that it reads, and a run is read again and again.
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
        return size == 0 ? Data() : FileManager.default.contents(atPath: path)
    }

    public func record() throws -> RunRecord {
        guard let data = Self.content(recordPath) else {
            throw RunLogError("\(path) is not a run, because it has no run.json; name the directory of a run")
        }
        do { return try JSONDecoder().decode(RunRecord.self, from: data) } catch {
            throw RunLogError("\(recordPath) is damaged: \(error)")
        }
    }

    /// Returns every readable line of metrics.jsonl. Torn lines are skipped.
    public func metrics() throws -> [MetricsLine] {
        Self.lines(metricsPath)
    }

    /// Returns the bytes of a line of metrics.jsonl.
    public func line(_ entry: MetricsIndex.Entry) -> Data? {
        LineFile(metricsPath)?.read(entry.offset, entry.length)
    }

    /// Returns every readable line of events.jsonl.
    public func events() -> [RunEvent] { Self.lines(eventsPath) }

    /// Returns every readable line of log.jsonl.
    public func log() -> [LogLine] { Self.lines(logPath) }

    /// Returns the status that the coordinator wrote last; nil if there is none.
    public func status() -> RunStatus? {
        Self.content(statusPath).flatMap { try? JSONDecoder().decode(RunStatus.self, from: $0) }
    }

    private static func lines<Line: Decodable & Sendable>(_ path: String, progress: (Double) -> Void = { _ in }) -> [Line] {
        var reader = LineReader<Line>(path)
        return reader.next(progress: progress)
    }

    /// Returns every readable line of timeline.jsonl. Only traced steps have lines.
    /// - Parameter progress: is called regularly with the fraction of the file that has been read.
    public func timelines(progress: (Double) -> Void = { _ in }) -> [TimelineLine] {
        Self.lines(timelinePath, progress: progress)
    }

    /// Returns the complete checkpoints, ordered by step.
    public func checkpoints() -> [(step: Int, path: String)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpointsPath)) ?? []
        let aside = names.compactMap(AtomicDirectory.name(ofAside:)).filter { !names.contains($0) }
        return (names + aside).compactMap { name in
            guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
            return (step, AtomicDirectory.current(checkpointsPath + "/" + name))
        }.sorted { $0.step < $1.step }
    }

    /// Removes all checkpoints except the newest `keeping`; 0 keeps all.
    public func removeCheckpoints(keeping: Int) {
        guard keeping > 0 else { return }
        // If one cannot be removed now, the next call tries again.
        for checkpoint in checkpointsByFencing().dropLast(keeping) { try? FileManager.default.removeItem(atPath: checkpoint.path) }
    }

    /// Returns all runs in a directory, newest first.
    public static func all(in runs: String) -> [RunDirectory] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []
        return names.map { RunDirectory(runs + "/" + $0) }
            .filter { FileManager.default.fileExists(atPath: $0.recordPath) }
            // Reads each record once, not at each comparison.
            .map { (started: (try? $0.record().started) ?? "", directory: $0) }
            .sorted { ($0.started, $0.directory.name) > ($1.started, $1.directory.name) }
            .map(\.directory)
    }

    /// Finds a run by its path or by its name in `runs`.
    /// - Throws: `RunLogError` if there is no such run.
    public static func find(_ text: String, runs: String) throws -> RunDirectory {
        for path in [text, runs + "/" + text] {
            let directory = RunDirectory(path.hasSuffix("/") ? String(path.dropLast()) : path)
            if FileManager.default.fileExists(atPath: directory.recordPath) { return directory }
        }
        throw RunLogError("there is no run \(text); list the runs with `colonnade runs list --runs \(runs)`")
    }
}
