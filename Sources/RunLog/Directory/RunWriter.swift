import Foundation
import Glibc
import Platform

/// Writes a run's record, metrics and events, and waits for the disk. Only the process that holds the run's lease may write it; methods may
/// be called from any thread. Lines are appended without a look at the lease, because a successor gives the files new inodes; whatever is
/// replaced or opened by its name waits for `RunLeaseKeeper.confirm`. A coordinator writes through a `RunRecorder`, which does not wait.
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
    /// Records of the index whose lines are written, in order. They must not have a gap.
    private var pendingIndex: [Data] = []
    /// The most of them that are kept; then the index ends, and readers read the rest of the lines themselves.
    private static let pendingLimit = 1 << 18

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
        try replaceRecord()
    }

    /// The content of run.json as it was written here.
    var writtenRecord: RunRecord { lock.withLock { record } }

    /// Drops the lines of later steps, which will be trained again.
    public func keep(through step: Int) throws {
        try lease.confirm()
        try lock.withLock {
            try MetricsTruncation.dropLines(of: directory, after: step)
            metrics = try AppendedFile(directory.metricsPath)
            index = try AppendedFile(directory.indexPath, header: MetricsIndex.header)
            (timeline, pendingIndex) = (nil, [])
        }
    }

    /// Changes run.json.
    public func update(_ body: (inout RunRecord) -> Void) throws {
        try lock.withLock {
            body(&record)
            try replaceRecord()
        }
    }

    static func content(_ record: RunRecord) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(record)
    }

    private func replaceRecord() throws { try replace(directory.recordPath, by: Self.content(record), isDurable: true) }

    /// Replaces a file by its name.
    private func replace(_ path: String, by content: Data, isDurable: Bool) throws {
        try ReplacedFile.write(
            content, to: path, temporary: RunDirectory.partialPath(of: path, fencing: lease.fencing), isDurable: isDurable
        ) { try lease.confirm() }
    }

    /// Opens a file by its name, which a successor may have given to another one.
    private func open(_ path: String) throws -> AppendedFile {
        try lease.confirm()
        return try AppendedFile(path)
    }

    public func append(_ step: StepMetrics) throws { try append(EncodedLine(step), to: .metrics) }
    public func append(_ validation: ValidationMetrics) throws { try append(EncodedLine(validation), to: .metrics) }
    public func append(_ norms: NormsMetrics) throws { try append(EncodedLine(norms), to: .metrics) }
    public func append(_ line: TimelineLine) throws { try append(EncodedLine(line), to: .timeline) }
    public func append(_ line: LogLine) throws { try append(EncodedLine(line), to: .log) }

    /// Appends an event to events.jsonl.
    /// - Parameter facts: further keys of the line.
    public func event(_ kind: String, _ message: String, _ facts: [String: String] = [:]) throws {
        try append(EncodedLine(Self.event(kind, message, facts)), to: .events)
    }

    static func event(_ kind: String, _ message: String, _ facts: [String: String]) -> RunEvent {
        RunEvent(kind: kind, message: message, time: Timestamp.text(WallClock.now), facts: facts)
    }

    private func append(_ line: EncodedLine, to file: DeferredLog.File) throws {
        if let code = write([line], to: file).code {
            throw RunLogError("cannot write to \(directory.path)/\(file.rawValue): \(String(cString: strerror(code)))", code: code)
        }
    }

    /// Replaces status.json.
    public func write(_ status: RunStatus) throws { try append(EncodedLine(EncodedLine.bytes(status), worth: .kept), to: .status) }

    /// Appends lines to a file, or replaces a document.
    /// - Returns: the number of lines that are in the file now, and the error's number if some are not. Where the run is another
    ///   coordinator's, `lease.isHeld` says so, and no further try helps.
    func write(_ lines: [EncodedLine], to file: DeferredLog.File) -> (written: Int, code: Int32?) {
        lock.withLock {
            do {
                switch file {
                case .record: return try replace(directory.recordPath, lines, isDurable: true)
                case .status: return try replace(directory.statusPath, lines, isDurable: false)
                case .events: return events.append(lines.map(\.bytes))
                case .metrics: return appendMetrics(lines)
                case .log:
                    let file = try log ?? open(directory.logPath)
                    log = file
                    return file.append(lines.map(\.bytes))
                case .timeline:
                    let file = try timeline ?? open(directory.timelinePath)
                    timeline = file
                    return file.append(lines.map(\.bytes))
                }
            } catch {
                if file == .status, lease.isHeld { ReplacedFile.touch(directory.statusPath) }
                return (0, (error as? FileError)?.code ?? (error as? RunLogError)?.code ?? EIO)
            }
        }
    }

    private func replace(_ path: String, _ contents: [EncodedLine], isDurable: Bool) throws -> (written: Int, code: Int32?) {
        if let content = contents.last?.bytes { try replace(path, by: content, isDurable: isDurable) }
        return (contents.count, nil)
    }

    private func appendMetrics(_ lines: [EncodedLine]) -> (written: Int, code: Int32?) {
        var offset = metrics.size
        let result = metrics.append(lines.map(\.bytes))
        for line in lines.prefix(result.written) {
            if var entry = line.entry, pendingIndex.count < Self.pendingLimit {
                entry.offset = offset
                pendingIndex.append(Data(MetricsIndex.encode(entry)))
            }
            offset += line.bytes.count
        }
        appendIndex()
        return result
    }

    /// Readers do without a part of the index, or without all of it, so that an error here is none of the lines'.
    private func appendIndex() {
        guard !pendingIndex.isEmpty, pendingIndex.count < Self.pendingLimit else { return }
        pendingIndex.removeFirst(index.append(pendingIndex).written)
    }

    /// Waits until every line so far is on disk.
    /// - Throws: `RunLogError` if one of the metrics may not be there. The other files are flushed too, but a run can be resumed without
    ///   their last lines.
    public func flush() throws {
        try lock.withLock {
            appendIndex()
            for file in [index, events, timeline, log] { _ = file?.flush() }
            if let code = metrics.flush() { throw metrics.error(code) }
        }
    }

    public static var now: String { Timestamp.text(WallClock.now, digits: 0) }
}
