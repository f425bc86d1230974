import ArgumentParser
import Coordinator
import Foundation
import Platform
import RunLog

/// What is said and kept when a run has ended.
enum RunReport {
    /// The time that a disk has to take what waits for it, in seconds. One that has just had as long for a checkpoint gets little more.
    private static func patience(_ outcome: RunOutcome) -> Double { if case .unsaved = outcome { 3 } else { 30 } }

    /// - Parameter stoppedExitCode: how the process ends where the run was asked to stop.
    /// - Throws: how the process ends, where not with 0.
    static func finish(_ recorder: RunRecorder, _ journal: RunJournal, _ outcome: RunOutcome, stoppedExitCode: Int32) throws {
        recorder.update { close(&$0, outcome) }
        let failure = failure(outcome)
        switch outcome {
        case .finished(let step): journal.note("finished", "finished at step \(step)")
        case .interrupted(let step): journal.note("interrupted", "stopped after step \(step)")
        case .failed(let reason), .lost(let reason), .unsaved(let reason): journal.note("failed", reason)
        }
        let (backlog, path) = (recorder.finish(within: patience(outcome)), recorder.directory.path)
        if let failure {
            if !backlog.isEmpty { Terminal.error(backlog.missingSentence(in: path)) }
            throw failure
        }
        Terminal.line("")
        Terminal.line(try summary(recorder.directory, MetricsIndex(recorder.directory)))
        if case .interrupted = outcome { Terminal.line("\nstopped; continue with --resume \(path)") }
        // What was trained is complete, and its record is not.
        guard backlog.isEmpty else { throw CommandFailure(CommandFailure.inputOutput, backlog.missingSentence(in: path)) }
        if case .interrupted = outcome, stoppedExitCode != 0 { throw ExitCode(stoppedExitCode) }
    }

    private static func close(_ record: inout RunRecord, _ outcome: RunOutcome) {
        record.ended = RunWriter.now
        record.coordinator = nil
        switch outcome {
        case .finished: record.state = .finished
        case .interrupted(let step):
            record.state = .interrupted
            record.reason = "stopped after step \(step)"
        case .failed(let reason), .lost(let reason), .unsaved(let reason):
            record.state = .failed
            record.reason = reason
        }
    }

    private static func failure(_ outcome: RunOutcome) -> CommandFailure? {
        switch outcome {
        case .finished, .interrupted: nil
        // `train` starts a run again that lost a process, not one that would end the same way.
        case .lost(let reason): CommandFailure(CommandFailure.unavailable, reason)
        case .failed(let reason): CommandFailure(CommandFailure.temporary, reason)
        case .unsaved(let reason): CommandFailure(CommandFailure.inputOutput, reason)
        }
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
        if let checkpoint = directory.checkpoints().last { rows.append(["checkpoint", checkpoint.path]) }
        let width = rows.map { $0[0].count }.max()!
        return rows.map { $0[0] + String(repeating: " ", count: width + 2 - $0[0].count) + $0[1] }.joined(separator: "\n")
    }
}
