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
        case .finished(let step): journal.note("finished", "finished at step \(step)", ["step": "\(step)"])
        case .interrupted(let step): journal.note("interrupted", "stopped after step \(step)", ["step": "\(step)"])
        case .failed(let reason), .lost(let reason), .unsaved(let reason): journal.note("failed", reason)
        }
        let (backlog, path) = (recorder.finish(within: patience(outcome)), recorder.directory.path)
        if let failure {
            if !backlog.isEmpty { Terminal.error(backlog.missingSentence(in: path)) }
            throw failure
        }
        Terminal.line("")
        Terminal.line(summary(recorder.directory, MetricsIndex(recorder.directory)))
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
    static func summary(_ directory: RunDirectory, _ index: MetricsIndex) -> String {
        TextLines.facts(RunFigures(directory, index).rows.map { ($0.name, $0.value) }, width: Terminal.width)
    }
}
