import ArgumentParser
import Coordinator
import Foundation
import Platform
import RunLog

/// What is said and kept when a run has ended.
enum RunReport {
    /// - Parameter stoppedExitCode: how the process ends where the run was asked to stop.
    static func finish(_ writer: RunWriter, _ journal: RunJournal, _ outcome: RunOutcome, stoppedExitCode: Int32) throws {
        func close(_ record: inout RunRecord) {
            record.ended = RunWriter.now
            record.coordinator = nil
            switch outcome {
            case .finished: record.state = .finished
            case .interrupted(let step):
                record.state = .interrupted
                record.reason = "stopped after step \(step)"
            case .failed(let reason), .lost(let reason):
                record.state = .failed
                record.reason = reason
            }
        }
        switch outcome {
        case .finished(let step):
            try writer.update(close)
            journal.note("finished", "finished at step \(step)")
        case .interrupted(let step):
            try writer.update(close)
            journal.note("interrupted", "stopped after step \(step)")
        case .failed(let reason), .lost(let reason):
            // What is said is the reason, even where the disk that it came from takes no record either.
            try? writer.update(close)
            journal.note("failed", reason)
            // `train` starts a run again that lost a process, not one that would end the same way.
            if case .lost = outcome { throw CommandFailure(CommandFailure.unavailable, reason) }
            throw CommandFailure(CommandFailure.temporary, reason)
        }
        let path = writer.directory.path
        Terminal.line("")
        Terminal.line(try summary(writer.directory, MetricsIndex(writer.directory)))
        guard case .interrupted = outcome else { return }
        Terminal.line("\nstopped; continue with --resume \(path)")
        if stoppedExitCode != 0 { throw ExitCode(stoppedExitCode) }
    }

    /// A table of a run's figures.
    static func summary(_ directory: RunDirectory, _ index: MetricsIndex) throws -> String {
        let summary = RunSummary(index)
        var rows = [["run", directory.path]]
        if let last = summary.last {
            rows += [
                ["steps", "\(last.step)"], ["epochs", "\(last.epoch)"], ["training loss", Terminal.fixed(last.figures[0], 4)],
                ["images/s (median)", Terminal.fixed(summary.medianRate ?? 0, 1)],
                ["training time", Terminal.duration(summary.trainingSeconds)],
            ]
            if let prediction = (try? directory.record())?.prediction {
                let off = "\(Terminal.fixed(abs(prediction.error) * 100, 1)) % \(prediction.error < 0 ? "below" : "above") it"
                rows.insert(["images/s, predicted", "\(Terminal.fixed(prediction.images_per_second, 1)), \(off)"], at: 5)
            }
        }
        if let last = summary.lastValidation, let best = summary.bestValidation {
            rows += [
                ["validation loss", Terminal.fixed(last.figures[0], 4)],
                ["top-1 error", Terminal.percent(last.figures[1])], ["top-5 error", Terminal.percent(last.figures[2])],
                ["best top-1 error", "\(Terminal.percent(best.figures[1])) at step \(best.step)"],
            ]
        }
        if let last = summary.last, let line = directory.line(last), case .step(let step)? = MetricsLine(line: line) {
            rows.append(["digest", step.digest])
        }
        if let checkpoint = directory.checkpointsByFencing().last { rows.append(["checkpoint", checkpoint.path]) }
        let width = rows.map { $0[0].count }.max()!
        return rows.map { $0[0] + String(repeating: " ", count: width + 2 - $0[0].count) + $0[1] }.joined(separator: "\n")
    }
}
