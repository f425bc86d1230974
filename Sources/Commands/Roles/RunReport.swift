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
            journal.note("finished", "finished at step \(step)", ["step": "\(step)"])
        case .interrupted(let step):
            try writer.update(close)
            journal.note("interrupted", "stopped after step \(step)", ["step": "\(step)"])
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
        Terminal.line(summary(writer.directory, MetricsIndex(writer.directory)))
        guard case .interrupted = outcome else { return }
        Terminal.line("\nstopped; continue with --resume \(path)")
        if stoppedExitCode != 0 { throw ExitCode(stoppedExitCode) }
    }

    /// A table of a run's figures.
    static func summary(_ directory: RunDirectory, _ index: MetricsIndex) -> String {
        TextLines.facts(RunFigures(directory, index).rows.map { ($0.name, $0.value) }, width: Terminal.width)
    }
}
