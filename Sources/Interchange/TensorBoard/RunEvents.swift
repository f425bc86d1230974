import Foundation
public import NeuralNetwork
public import RunLog
import SwiftProtobuf
import Tensors
import Threading

/// Turns a run into TensorBoard's events, and goes on while the run does. Metrics are read line by line, so that a run's
/// length costs time and not memory.
///
/// A resumed run replaces its metrics by a file without the steps that it trains again. What was written of lines that
/// are not there any more is withdrawn: TensorBoard drops everything from the step of a `SessionLog.START` on.
public final class RunEvents {
    private let directory: RunDirectory
    private let file: EventFile
    private let lines: LineTail
    private let started: Double
    private let newThinning: PointThinning
    private let pictures: (Checkpoint) throws -> [EventPicture]
    private let notice: (String) -> Void

    private var thinning: PointThinning
    /// Seconds of all steps so far. Lines have no time of their own; this and the run's start give one.
    private var seconds = 0.0
    private var lastStep = 0
    private var written = WrittenPoints()
    private var mustBeginAnew = false
    /// The last line of each kind, where it was left out.
    private var leftOut: [String: (MetricsLine, Data)] = [:]
    /// Steps of checkpoints that were looked at.
    private var seen: Set<Int> = []
    /// Checkpoints to come, by step.
    private var waiting: [(step: Int, path: String)] = []

    /// Begins an event file, which takes the place of an earlier conversion's.
    /// - Parameters:
    ///   - points: the most points of a curve, at least 2: the first line of each of so many parts of the run, and the
    ///     last.
    ///   - pictures: what to show of a checkpoint.
    ///   - notice: told of a checkpoint that was left out, and why.
    /// - Throws: `FileError` where `target` cannot be written to, `RunLogError` where the run has no record.
    public init(
        of directory: RunDirectory, to target: String, points: Int, pictures: @escaping (Checkpoint) throws -> [EventPicture],
        notice: @escaping (String) -> Void
    ) throws {
        let record = try directory.record()
        (self.directory, self.pictures, self.notice) = (directory, pictures, notice)
        started = ISO8601DateFormatter().date(from: record.started)?.timeIntervalSince1970 ?? WallClock.now
        newThinning = PointThinning(points: points - 1, steps: record.steps)
        thinning = newThinning
        lines = LineTail(path: directory.metricsPath)
        file = try EventFile(directory: target, wallTime: WallClock.now)
        // A TensorBoard that shows an earlier conversion forgets it.
        try withdraw(from: 0)
    }

    public var path: String { file.path }

    /// Writes what is new.
    /// - Parameters:
    ///   - isLast: whether the run has ended; then the last line of each kind becomes a point too.
    ///   - progress: called now and then with the fraction of the run's lines that has been read.
    /// - Throws: `FileError` where the metrics cannot be read or the events not be written.
    public func update(isLast: Bool, progress: (Double) -> Void = { _ in }) throws {
        waiting = directory.checkpoints().filter { !seen.contains($0.step) }
        try lines.read(replaced: begin, progress: progress, line: take)
        _ = try obey(written.end())
        if mustBeginAnew {
            mustBeginAnew = false
            lines.rewind()
            written.removeAll()
            begin()
            try withdraw(from: 0)
            return try update(isLast: isLast, progress: progress)
        }
        if isLast { for (entry, line) in leftOut.values.sorted(by: { $0.0.step < $1.0.step }) { try write(entry, line) } }
        waiting = directory.checkpoints().filter { !seen.contains($0.step) }
        try writeCheckpoints(through: isLast ? .max : lastStep)
        try file.flush()
    }

    private func begin() {
        (thinning, seconds, lastStep, leftOut) = (newThinning, 0, 0, [:])
        written.begin()
    }

    private func take(_ line: Data) throws {
        guard !mustBeginAnew, let entry = MetricsLine(line: line), entry.step >= 0 else { return }
        try writeCheckpoints(through: entry.step - 1)
        if let spent = entry.seconds, spent.isFinite { seconds += max(0, spent) }
        lastStep = max(lastStep, entry.step)
        if thinning.keeps(entry.kind, step: entry.step) {
            leftOut[entry.kind] = nil
            try write(entry, line)
        } else {
            leftOut[entry.kind] = (entry, line)
        }
    }

    private func write(_ entry: MetricsLine, _ line: Data) throws {
        let scalars = entry.scalars
        guard !scalars.isEmpty else { return }
        guard try obey(written.meet(.init(step: entry.step, checksum: MaskedCRC32C.plain(line)))) else { return }
        let values = scalars.map { tag, value in TBSummary.Value.with { ($0.tag, $0.simpleValue) = (tag, Float(value)) } }
        try append(entry.step, .with { $0.value = values })
    }

    /// - Returns: whether the point that it is about is to be written.
    private func obey(_ finding: WrittenPoints.Finding) throws -> Bool {
        switch finding {
        case .known: return false
        case .new: return true
        case .gone(let step):
            try withdraw(from: step)
            return true
        case .torn:
            mustBeginAnew = true
            return false
        }
    }

    private func withdraw(from step: Int) throws {
        seen = seen.filter { $0 < step }
        try file.append(.with { ($0.wallTime, $0.step, $0.sessionLog) = (time, Int64(step), .with { $0.status = .start }) })
    }

    private func writeCheckpoints(through step: Int) throws {
        while let next = waiting.first, next.step <= step {
            waiting.removeFirst()
            guard seen.insert(next.step).inserted else { continue }
            let found: CheckpointSummary
            do { found = try CheckpointSummary(path: next.path, pictures: pictures) } catch {
                // A run that goes on removes old ones while they are read.
                notice("the checkpoint of step \(next.step) is left out: \(error)")
                continue
            }
            try append(next.step, found.summary)
        }
    }

    private var time: Double { started + seconds }

    private func append(_ step: Int, _ summary: TBSummary) throws {
        try file.append(.with { ($0.wallTime, $0.step, $0.summary) = (time, Int64(step), summary) })
    }
}
