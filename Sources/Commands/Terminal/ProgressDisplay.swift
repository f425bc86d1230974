import Coordinator
import Foundation
import Glibc
import Platform
import RunLog

/// Shows a run as it goes: a line that is rewritten on a terminal, a line every few seconds elsewhere.
final class ProgressDisplay: @unchecked Sendable {
    private let lock = NSLock()
    private let isInteractive = Terminal.isInteractive
    private let batch: Int
    /// The network's classes; 0 if they are unknown.
    private let classes: Int
    /// The arguments with which a worker or store that a user starts by hand is admitted.
    private let joiningArguments: [String]
    private var last = 0
    private var lastShown = 0.0
    private var hasOpenLine = false
    private var rates: [Double] = []

    init(batch: Int, classes: Int, joiningArguments: [String]) {
        (self.batch, self.classes, self.joiningArguments) = (batch, classes, joiningArguments)
    }

    func show(_ entry: JournalEntry) {
        lock.withLock {
            switch entry {
            case .listening(let address): line("coordinator listens on \(address)")
            case .restarted(let step, let reason, _): line("restarted from step \(step): \(reason)")
            case .verdict(let sentence, _), .linkLost(let sentence, _, _), .layout(let sentence, _), .layoutDropped(let sentence),
                .smallerLayout(let sentence, _):
                line(sentence)
            case .straggler(let worker, let times): line(JournalEntry.straggler(worker, times))
            case .paused(let step, let reasons): line("paused after step \(step): \(reasons.joined(separator: "; "))")
            case .resumed(let step, _): showResumed(step)
            case .leaving(let participant): line("\(participant.short) on \(participant.host) asks to leave")
            case .checkpointDamaged(let reason): line(reason)
            case .waiting(let workers, let stores, let address): showMissing(workers, stores, "\(address)")
            case .joined(let participant, _): line("\(participant.short) joined from \(participant.host)")
            case .refused(let sentence): line(sentence)
            case .fetching(let rank, let host, let bytes):
                line("worker \(rank) on \(host) fetches the data set, \(Terminal.bytes(bytes))")
            case .initialized(let path, let drawn):
                let rest = drawn.isEmpty ? "" : "; \(drawn.joined(separator: ", ")) are drawn"
                line("initial values from \(path)\(rest)")
            case .started(let from, let last):
                self.last = last
                line(
                    from == last
                        ? "all \(last) steps are trained; making up for what was lost after them"
                        : from == 0 ? "training \(last) steps" : "training steps \(from + 1) to \(last)")
            case .step(let metrics): showStep(metrics)
            case .validated(let metrics): showValidation(metrics)
            case .checkpoint(let step, let path): line("step \(step): checkpoint \(path)")
            case .checkpointFailed(let step, let reason): line(JournalEntry.checkpointFailed(step, reason))
            case .logWaiting(let backlog, _): line(backlog.waitingSentence)
            case .logWritten(let backlog): line(backlog.writtenSentence)
            case .rateReduced(let step, let rate):
                line("step \(step): the validation error stopped improving, the rate is now \(rate)")
            case .plateau(let step):
                line("step \(step): the validation error stopped improving at the last rate, training ends")
            case .stopping: line("stopping after the steps under way …")
            case .spare, .grouped, .failure, .evicted, .stragglerRecovered, .left, .norms, .command, .note: break
            }
        }
    }

    private func showResumed(_ step: Int) {
        line(step < last ? "continues from step \(step + 1)" : "continues after step \(step)")
    }

    private func showMissing(_ workers: Int, _ stores: Int, _ coordinator: String) {
        var missing: [String] = []
        if workers > 0 { missing.append("\(workers) more \(workers == 1 ? "worker" : "workers")") }
        if stores > 0 { missing.append("\(stores) more \(stores == 1 ? "store" : "stores")") }
        let role = workers > 0 ? "worker" : "store"
        let words: [String] = ["colonnade", role, "--coordinator", coordinator] + joiningArguments
        line("waiting for \(missing.joined(separator: " and ")); start one with: \(words.joined(separator: " "))")
    }

    private func showValidation(_ metrics: ValidationMetrics) {
        let errors = FigureText.errors(top1: metrics.top1_error, top5: metrics.top5_error, classes: classes > 0 ? classes : nil)
        line("step \(metrics.step): validation loss \(FigureText.loss(metrics.loss)), \(errors)")
    }

    private func showStep(_ metrics: StepMetrics) {
        let step = metrics.step
        rates.append(metrics.images_per_second)
        if rates.count > 50 { rates.removeFirst() }
        let now = MonotonicClock.now
        guard now - lastShown > (isInteractive ? 0.1 : 5) || step == last else { return }
        lastShown = now
        let speed = rates.sorted()[rates.count / 2]
        let left = Double(last - step) * Double(batch) / speed
        // A line that the terminal breaks could not be written again.
        let text = TextLines.line(
            [
                ("step \(step)/\(last)", 0), ("epoch \(metrics.epoch)", 2), ("loss \(FigureText.loss(metrics.loss))", 0),
                ("rate \(FigureText.learningRate(metrics.learning_rate))", 3), ("\(FigureText.rate(speed)) images/s", 1),
                ("\(FigureText.duration(left)) left", 0),
            ], width: isInteractive ? Terminal.width.map { $0 - 1 } : nil)
        if isInteractive {
            print("\r\u{1B}[K" + text, terminator: "")
            fflush(nil)
            hasOpenLine = true
        } else {
            Terminal.line(text)
        }
    }

    private func line(_ text: String) {
        if hasOpenLine { print("\r\u{1B}[K", terminator: "") }
        hasOpenLine = false
        Terminal.line(text)
    }

    /// Leaves the cursor on a line of its own.
    func finish() {
        lock.withLock {
            if hasOpenLine { print() }
            hasOpenLine = false
            fflush(nil)
        }
    }
}
