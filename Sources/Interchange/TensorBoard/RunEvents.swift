import Foundation
public import NeuralNetwork
import Platform
public import RunLog
import SwiftProtobuf
import Tensors

/// Converts a run into TensorBoard events, and continues while the run does. Metrics are read line by line, so that memory
/// does not grow with the run's length.
///
/// A resumed run replaces its metrics with a file without the steps that it trains again. Points of removed lines are
/// withdrawn: TensorBoard drops everything from the step of a `SessionLog.START` on.
public final class RunEvents {
    private let directory: RunDirectory
    private let file: EventFile
    private let lines: LineTail
    private let started: Double
    private let newThinning: PointThinning
    private let images: (Checkpoint) throws -> [EventImage]
    private let notice: (String) -> Void

    private var thinning: PointThinning
    /// The total seconds of all steps so far. Lines have no timestamps, so their time is the run's start plus this.
    private var seconds = 0.0
    private var lastStep = 0
    private var written = WrittenPoints()
    private var mustRestart = false
    /// The last line of each kind, if it was not written.
    private var omitted: [String: (MetricsLine, Data)] = [:]
    /// The steps of the checkpoints that have been processed.
    private var seen: Set<Int> = []
    /// The checkpoints that have not been processed yet, by step.
    private var waiting: [(step: Int, path: String)] = []

    /// Creates an event file, which replaces that of an earlier conversion.
    /// - Parameters:
    ///   - points: The largest number of points of a curve, at least 2. They are the first line of each of `points` − 1 equal
    ///     parts of the run, and the last line.
    ///   - images: Returns the images to show for a checkpoint.
    ///   - notice: Receives a sentence about each checkpoint that was skipped.
    /// - Throws: `FileError` if `target` cannot be written to, `RunLogError` if the run has no record.
    public init(
        of directory: RunDirectory, to target: String, points: Int, kernelImages: @escaping (Checkpoint) throws -> [EventImage],
        notice: @escaping (String) -> Void
    ) throws {
        let record = try directory.record()
        (self.directory, images, self.notice) = (directory, kernelImages, notice)
        started = ISO8601DateFormatter().date(from: record.started)?.timeIntervalSince1970 ?? WallClock.now
        newThinning = PointThinning(points: points - 1, steps: record.steps)
        thinning = newThinning
        lines = LineTail(path: directory.metricsPath)
        file = try EventFile(directory: target, wallTime: WallClock.now)
        // Makes a running TensorBoard drop the points of an earlier conversion.
        try withdraw(from: 0)
    }

    public var path: String { file.path }

    /// Converts the lines and checkpoints that have been added.
    /// - Parameters:
    ///   - isLast: Whether the run has ended. Then the last line of each kind becomes a point too.
    ///   - progress: Is called regularly with the fraction of the run's lines that has been read.
    /// - Throws: `FileError` if the metrics cannot be read or the events cannot be written.
    public func update(isLast: Bool, progress: (Double) -> Void = { _ in }) throws {
        waiting = directory.checkpoints().filter { !seen.contains($0.step) }
        try lines.read(replaced: begin, progress: progress, line: take)
        _ = try apply(written.end())
        if mustRestart {
            mustRestart = false
            lines.rewind()
            written.removeAll()
            begin()
            try withdraw(from: 0)
            return try update(isLast: isLast, progress: progress)
        }
        if isLast { for (entry, line) in omitted.values.sorted(by: { $0.0.step < $1.0.step }) { try write(entry, line) } }
        waiting = directory.checkpoints().filter { !seen.contains($0.step) }
        try writeCheckpoints(through: isLast ? .max : lastStep)
        try file.flush()
    }

    private func begin() {
        (thinning, seconds, lastStep, omitted) = (newThinning, 0, 0, [:])
        written.begin()
    }

    private func take(_ line: Data) throws {
        guard !mustRestart, let entry = MetricsLine(line: line), entry.step >= 0 else { return }
        try writeCheckpoints(through: entry.step - 1)
        if let spent = entry.seconds, spent.isFinite { seconds += max(0, spent) }
        lastStep = max(lastStep, entry.step)
        if thinning.keeps(entry.kind, step: entry.step) {
            omitted[entry.kind] = nil
            try write(entry, line)
        } else {
            omitted[entry.kind] = (entry, line)
        }
    }

    private func write(_ entry: MetricsLine, _ line: Data) throws {
        let scalars = entry.scalars
        guard !scalars.isEmpty else { return }
        guard try apply(written.match(.init(step: entry.step, checksum: MaskedCRC32C.plain(line)))) else { return }
        let values = scalars.map { tag, value in TBSummary.Value.with { ($0.tag, $0.simpleValue) = (tag, Float(value)) } }
        try append(entry.step, .with { $0.value = values })
    }

    /// Withdraws points as the finding requires.
    /// - Returns: Whether the point must be written.
    private func apply(_ finding: WrittenPoints.Finding) throws -> Bool {
        switch finding {
        case .written: return false
        case .new: return true
        case .removed(let step):
            try withdraw(from: step)
            return true
        case .inconsistent:
            mustRestart = true
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
            do { found = try CheckpointSummary(path: next.path, images: images) } catch {
                // An active run removes old checkpoints, perhaps while they are read.
                notice("the checkpoint of step \(next.step) is skipped: \(error)")
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
