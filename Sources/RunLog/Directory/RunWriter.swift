import Foundation
import Threading

/// Writes a run's record, metrics and events. One process writes a run; calls may come from any thread.
public final class RunWriter: @unchecked Sendable {
    public let directory: RunDirectory
    private let lock = NSLock()
    private let metrics: FileHandle
    private let events: FileHandle
    /// Opened when the first step is traced.
    private var timeline: FileHandle?
    private var record: RunRecord

    /// - Parameter keeping: of a run that is resumed, the last step whose lines stay; nil for a new run.
    public init(_ directory: RunDirectory, record: RunRecord, keeping: Int? = nil) throws {
        self.directory = directory
        self.record = record
        if let keeping { try Self.truncate(directory, after: keeping) }
        metrics = try Self.open(directory.metricsPath)
        events = try Self.open(directory.eventsPath)
        try writeRecord()
    }

    /// Drops the lines of steps that will be trained again: a step leaves one line.
    private static func truncate(_ directory: RunDirectory, after step: Int) throws {
        struct Line: Decodable { let step: Int }
        let decoder = JSONDecoder()
        for path in [directory.metricsPath, directory.timelinePath] {
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            var kept = Data()
            for line in data.split(separator: 0x0A) {
                guard let parsed = try? decoder.decode(Line.self, from: Data(line)), parsed.step <= step else { continue }
                kept.append(contentsOf: line)
                kept.append(0x0A)
            }
            try kept.write(to: URL(fileURLWithPath: path), options: .atomic)
        }
    }

    private static func open(_ path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw RunLogError("cannot write to \(path); choose another directory with --runs")
        }
        try handle.seekToEnd()
        return handle
    }

    /// Changes run.json.
    public func update(_ body: (inout RunRecord) -> Void) throws {
        try lock.withLock {
            body(&record)
            try writeRecord()
        }
    }

    private func writeRecord() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(record).write(to: URL(fileURLWithPath: directory.recordPath), options: .atomic)
    }

    public func append(_ step: StepMetrics) throws { try append(step, to: metrics) }
    public func append(_ validation: ValidationMetrics) throws { try append(validation, to: metrics) }

    public func append(_ line: TimelineLine) throws {
        let handle = try lock.withLock {
            let handle = try timeline ?? Self.open(directory.timelinePath)
            timeline = handle
            return handle
        }
        try append(line, to: handle)
    }

    /// Notes that something happened.
    /// - Parameter facts: further keys of the line.
    public func event(_ kind: String, _ message: String, _ facts: [String: String] = [:]) {
        var line = facts
        line["kind"] = kind
        line["message"] = message
        line["time"] = Self.precise
        // An event that cannot be written must not end the run.
        try? append(line, to: events)
    }

    /// Waits until every line so far is on the disk. A checkpoint calls it first: what is resumed from it has the lines of
    /// every step before it, whatever happens to the machine. May be called from a thread of its own: the disk is slow.
    public func flush() throws {
        let handles = lock.withLock { [metrics, events, timeline].compactMap { $0 } }
        for handle in handles { try handle.synchronize() }
    }

    public static var now: String { ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: WallClock.now)) }

    /// With milliseconds.
    private static var precise: String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter.string(from: Date(timeIntervalSince1970: WallClock.now))
    }

    private func append(_ value: some Encodable, to handle: FileHandle) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var line = try encoder.encode(value)
        line.append(0x0A)
        try lock.withLock { try handle.write(contentsOf: line) }
    }
}
