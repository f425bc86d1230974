import Foundation
import Glibc
import Platform

/// Writes a run's record, metrics and events. Only the process that holds the run's lease may write it; methods may be called from any
/// thread. Lines are appended without a look at the lease, because a successor gives the files new inodes; whatever is replaced or opened
/// by its name waits for `RunLeaseKeeper.confirm`.
public final class RunWriter: @unchecked Sendable {
    public let directory: RunDirectory
    /// The right to write the run.
    public let lease: RunLeaseKeeper
    private let lock = NSLock()
    private var metrics: AppendedFile
    private var index: AppendedFile
    private let events: AppendedFile
    /// Opened when the first step is traced.
    private var timeline: AppendedFile?
    /// Opened when a process first logs a line.
    private var log: AppendedFile?
    private var record: RunRecord

    /// Opens the run's files.
    /// - Parameters:
    ///   - keeping: the last step whose lines are kept when a run is resumed; nil for a new run.
    ///   - lease: the lease of this run; nil takes it.
    /// - Throws: `RunLogError` if another process writes the run, or if a file cannot be written.
    public init(_ directory: RunDirectory, record: RunRecord, keeping: Int? = nil, lease: RunLeaseKeeper? = nil) throws {
        self.directory = directory
        self.record = record
        let lease = try lease ?? RunLeaseKeeper(directory, floor: directory.recordedFencing)
        self.lease = lease
        self.record.fencing = lease.fencing
        try lease.confirm()
        // The coordinator before may go on at any time: what it still appends goes into files that have no name any more.
        if lease.succession == .stoodStill { for path in directory.appendedPaths { try DurableFile.renew(path) } }
        if let keeping { try MetricsTruncation.dropLines(of: directory, after: keeping) }
        metrics = try AppendedFile(directory.metricsPath)
        index = try AppendedFile(directory.indexPath, header: MetricsIndex.header)
        events = try AppendedFile(directory.eventsPath)
        try writeRecord()
    }

    /// Drops the lines of later steps, which will be trained again.
    public func keep(through step: Int) throws {
        try lease.confirm()
        try lock.withLock {
            try MetricsTruncation.dropLines(of: directory, after: step)
            metrics = try AppendedFile(directory.metricsPath)
            index = try AppendedFile(directory.indexPath, header: MetricsIndex.header)
            timeline = nil
        }
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
        try replace(directory.recordPath, by: try encoder.encode(record))
    }

    /// Replaces a file by its name. The lease is confirmed before anything is written, and again last: a process that is stopped before
    /// that renames nothing later.
    private func replace(_ path: String, by data: Data) throws {
        let temporary = RunDirectory.partialPath(of: path, fencing: lease.fencing)
        try lease.confirm()
        do {
            try DurableFile.write([UInt8](data), to: temporary)
            try lease.confirm()
            guard rename(temporary, path) == 0 else { throw FileError(path, "put it in place") }
            try DurableFile.syncDirectory((path as NSString).deletingLastPathComponent)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    public func append(_ step: StepMetrics) throws { try append(.step(step), step) }
    public func append(_ validation: ValidationMetrics) throws { try append(.validation(validation), validation) }
    public func append(_ norms: NormsMetrics) throws { try append(.norms(norms), norms) }

    private func append(_ line: MetricsLine, _ content: some Encodable) throws {
        let data = try Self.line(content)
        try lock.withLock {
            let entry = MetricsIndex.Entry(line, offset: metrics.size, length: data.count - 1)
            try metrics.append(data)
            try index.append(Data(MetricsIndex.encode(entry)))
        }
    }

    /// Opens a file by its name, which a successor may have given to another one.
    private func open(_ path: String) throws -> AppendedFile {
        try lease.confirm()
        return try AppendedFile(path)
    }

    public func append(_ line: TimelineLine) throws {
        let data = try Self.line(line)
        try lock.withLock {
            if timeline == nil { timeline = try open(directory.timelinePath) }
            try timeline?.append(data)
        }
    }

    public func append(_ line: LogLine) throws {
        let data = try Self.line(line)
        try lock.withLock {
            if log == nil { log = try open(directory.logPath) }
            try log?.append(data)
        }
    }

    /// Replaces status.json.
    public func write(_ status: RunStatus) throws {
        try replace(directory.statusPath, by: try Self.line(status))
    }

    /// Appends an event to events.jsonl.
    /// - Parameter facts: further keys of the line.
    public func event(_ kind: String, _ message: String, _ facts: [String: String] = [:]) {
        let line = RunEvent(kind: kind, message: message, time: Timestamp.text(WallClock.now), facts: facts)
        // The run must not end because an event cannot be written.
        guard let data = try? Self.line(line) else { return }
        lock.withLock { try? events.append(data) }
    }

    /// Waits until every line so far is on disk.
    ///
    /// Call it before a checkpoint is written, so that a run resumed from it has the lines of all earlier steps even after a
    /// crash of the machine. May be called from a separate thread, because the disk may be slow.
    public func flush() throws {
        let files = lock.withLock { [metrics, index, events, timeline, log].compactMap { $0 } }
        for file in files { try file.flush() }
    }

    public static var now: String { Timestamp.text(WallClock.now, digits: 0) }

    private static func line(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var line = try encoder.encode(value)
        line.append(0x0A)
        return line
    }
}
