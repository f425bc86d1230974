import Foundation
public import Network
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
    /// A line that has become points.
    private struct Point: Equatable {
        let step: Int
        let checksum: UInt32
    }

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
    private var points: [Point] = []
    /// How many of them stand in the file that is read now; all, but while one is read that replaced another.
    private var confirmed = 0
    private var mustBeginAnew = false
    /// The last line of each kind, where it was left out.
    private var leftOut: [String: (MetricsEntry, Data)] = [:]
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
    /// - Parameter isLast: whether the run has ended; then the last line of each kind becomes a point too.
    /// - Throws: `FileError` where the metrics cannot be read or the events not be written.
    public func update(isLast: Bool) throws {
        waiting = directory.checkpoints().filter { !seen.contains($0.step) }
        try lines.read(replaced: begin, line: take)
        if confirmed < points.count { try withdrawRest(before: points[confirmed].step) }
        if mustBeginAnew {
            mustBeginAnew = false
            lines.rewind()
            begin()
            points = []
            try withdraw(from: 0)
            return try update(isLast: isLast)
        }
        if isLast { for (entry, line) in leftOut.values.sorted(by: { $0.0.step < $1.0.step }) { try write(entry, line) } }
        waiting = directory.checkpoints().filter { !seen.contains($0.step) }
        try writeCheckpoints(through: isLast ? .max : lastStep)
        try file.flush()
    }

    private func begin() {
        (thinning, seconds, lastStep, confirmed, leftOut) = (newThinning, 0, 0, 0, [:])
    }

    private func take(_ line: Data) throws {
        guard !mustBeginAnew, let entry = MetricsEntry(line) else { return }
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

    private func write(_ entry: MetricsEntry, _ line: Data) throws {
        let scalars = entry.scalars
        guard !scalars.isEmpty else { return }
        let point = Point(step: entry.step, checksum: MaskedCRC32C.plain(line))
        if confirmed < points.count {
            if points[confirmed] == point {
                confirmed += 1
                return
            }
            try withdrawRest(before: min(entry.step, points[confirmed].step))
            if mustBeginAnew { return }
        }
        points.append(point)
        confirmed = points.count
        try append(entry.step, scalars.map { tag, value in .with { ($0.tag, $0.simpleValue) = (tag, Float(value)) } })
    }

    // MARK: Steps that are trained again

    /// Withdraws the points that the file that is read now does not have.
    private func withdrawRest(before step: Int) throws {
        // Lines of one step stay or go together, or nearly so: a machine that went down may have kept one of two.
        if points[..<confirmed].contains(where: { $0.step >= step }) {
            mustBeginAnew = true
            return
        }
        points.removeLast(points.count - confirmed)
        try withdraw(from: step)
    }

    private func withdraw(from step: Int) throws {
        seen = seen.filter { $0 < step }
        try file.append(.with { ($0.wallTime, $0.step, $0.sessionLog) = (time, Int64(step), .with { $0.status = .start }) })
    }

    // MARK: Checkpoints

    private func writeCheckpoints(through step: Int) throws {
        while let next = waiting.first, next.step <= step {
            waiting.removeFirst()
            guard seen.insert(next.step).inserted else { continue }
            let values: [TBSummary.Value]
            do { values = try Self.values(next.path, pictures) } catch {
                // A running run removes old ones while they are read.
                notice("the checkpoint of step \(next.step) is left out: \(error)")
                continue
            }
            try append(next.step, values)
        }
    }

    private static func values(_ path: String, _ pictures: (Checkpoint) throws -> [EventPicture]) throws -> [TBSummary.Value] {
        let checkpoint = try Checkpoint(path: path)
        let histograms = try checkpoint.state.configuration.network.parameterTensors().compactMap { tensor in
            try checkpoint.model.array(tensor.name).withUnsafeBufferPointer(WeightHistogram.init).map { histogram in
                TBSummary.Value.with { ($0.tag, $0.histo) = ("weights/\(tensor.name)", histogram.message) }
            }
        }
        return try pictures(checkpoint).map(\.value) + histograms
    }

    // MARK: Events

    private var time: Double { started + seconds }

    private func append(_ step: Int, _ values: [TBSummary.Value]) throws {
        try file.append(.with { ($0.wallTime, $0.step, $0.summary) = (time, Int64(step), .with { $0.value = values }) })
    }
}
