import Coordinator
import Foundation
import RunLog

/// What is said and kept when a run has ended.
enum RunReport {
    static func finish(_ writer: RunWriter, _ outcome: RunOutcome) throws {
        func close(_ record: inout RunRecord) {
            record.ended = RunWriter.now
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
            writer.event("finished", "finished at step \(step)")
        case .interrupted(let step):
            try writer.update(close)
            writer.event("interrupted", "stopped after step \(step)")
        case .failed(let reason), .lost(let reason):
            // What is said is the reason, even where the disk that it came from takes no record either.
            try? writer.update(close)
            writer.event("failed", reason)
            // `train` starts a run again that lost a process, not one that would end the same way.
            if case .lost = outcome { throw CommandFailure(CommandFailure.unavailable, reason) }
            throw CommandFailure(CommandFailure.temporary, reason)
        }
        let path = writer.directory.path
        Terminal.line("")
        Terminal.line(try summary(writer.directory))
        if case .interrupted = outcome { Terminal.line("\nstopped; continue with --resume \(path)") }
    }

    /// A table of a run's figures.
    static func summary(_ directory: RunDirectory) throws -> String {
        let metrics = try directory.metrics()
        let steps = metrics.compactMap { if case .step(let step) = $0 { step } else { nil } }
        let validations = metrics.compactMap { if case .validation(let line) = $0 { line } else { nil } }
        var rows = [["run", directory.path]]
        if let last = steps.last {
            let speeds = steps.map(\.images_per_second).sorted()
            rows += [
                ["steps", "\(last.step)"], ["epochs", "\(last.epoch)"], ["training loss", Terminal.fixed(last.loss, 4)],
                ["images/s (median)", Terminal.fixed(speeds[speeds.count / 2], 1)],
                ["training time", Terminal.duration(steps.reduce(0) { $0 + $1.seconds })],
            ]
        }
        if let last = validations.last, let best = validations.min(by: { $0.top1_error < $1.top1_error }) {
            rows += [
                ["validation loss", Terminal.fixed(last.loss, 4)],
                ["top-1 error", Terminal.percent(last.top1_error)], ["top-5 error", Terminal.percent(last.top5_error)],
                ["best top-1 error", "\(Terminal.percent(best.top1_error)) at step \(best.step)"],
            ]
        }
        if let last = steps.last { rows.append(["digest", last.digest]) }
        if let checkpoint = directory.checkpoints().last { rows.append(["checkpoint", checkpoint.path]) }
        let width = rows.map { $0[0].count }.max()!
        return rows.map { $0[0] + String(repeating: " ", count: width + 2 - $0[0].count) + $0[1] }.joined(separator: "\n")
    }
}
