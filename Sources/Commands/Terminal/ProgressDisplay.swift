import Coordinator
import Foundation
import Glibc
import Threading

/// Shows a run as it goes: a line that is rewritten on a terminal, a line every few seconds elsewhere.
final class ProgressDisplay: @unchecked Sendable {
    private let lock = NSLock()
    private let isInteractive = Terminal.isInteractive
    private let batch: Int
    private var last = 0
    private var lastShown = 0.0
    private var hasOpenLine = false
    private var rates: [Double] = []

    init(batch: Int) { self.batch = batch }

    func show(_ news: RunNews) {
        lock.withLock {
            switch news {
            case .listening(let address): line("coordinator listens on \(address)")
            case .recovered(let reason, let step): line("restarted from step \(step): \(reason)")
            case .verdict(let sentence): line(sentence)
            case .holding(let reason, let step): line("holding after step \(step): \(reason)")
            case .resumed(let step): line("goes on after step \(step)")
            case .layout(let sentence): line(sentence)
            case .passedOver(let reason): line(reason)
            case .waiting(let workers, let stores, let address):
                let missing = [
                    workers > 0 ? "\(workers) more \(workers == 1 ? "worker" : "workers")" : nil,
                    stores > 0 ? "\(stores) more \(stores == 1 ? "store" : "stores")" : nil,
                ].compactMap { $0 }.joined(separator: " and ")
                line(
                    "waiting for \(missing); start one with: colonnade \(workers > 0 ? "worker" : "store") "
                        + "--coordinator \(address)")
            case .joined(let role, let rank, let host): line("\(role) \(rank) joined from \(host)")
            case .refused(let sentence): line(sentence)
            case .fetching(let rank, let host, let bytes):
                line("worker \(rank) on \(host) fetches the data set, \(Terminal.bytes(bytes))")
            case .initialized(let path, let anew):
                let rest = anew.isEmpty ? "" : "; \(anew.joined(separator: ", ")) start anew"
                line("initial values from \(path)\(rest)")
            case .started(let from, let last):
                self.last = last
                line(
                    from == last ? "all \(last) steps are trained; making up for what was lost after them"
                        : from == 0 ? "training \(last) steps" : "training steps \(from + 1) to \(last)")
            case .step(let step, let epoch, let loss, let rate, let imagesPerSecond):
                showStep(step, epoch, loss, rate, imagesPerSecond)
            case .validated(let step, let loss, let top1, let top5):
                line(
                    "step \(step): validation loss \(Terminal.fixed(loss, 4)), top-1 error \(Terminal.percent(top1)), "
                        + "top-5 error \(Terminal.percent(top5))")
            case .checkpoint(let step, let path): line("step \(step): checkpoint \(path)")
            case .rateReduced(let step, let rate):
                line("step \(step): the validation error stopped improving, the rate is now \(Float(rate))")
            case .plateauEnded(let step):
                line("step \(step): the validation error stopped improving at the last rate, training ends")
            case .stopping: line("stopping after the steps under way …")
            }
        }
    }

    private func showStep(_ step: Int, _ epoch: Int, _ loss: Double, _ rate: Double, _ imagesPerSecond: Double) {
        rates.append(imagesPerSecond)
        if rates.count > 50 { rates.removeFirst() }
        let now = MonotonicClock.now
        guard now - lastShown > (isInteractive ? 0.1 : 5) || step == last else { return }
        lastShown = now
        let speed = rates.sorted()[rates.count / 2]
        let left = Double(last - step) * Double(batch) / speed
        let text =
            "step \(step)/\(last)  epoch \(epoch)  loss \(Terminal.fixed(loss, 4))  rate \(Float(rate))  "
            + "\(Terminal.fixed(speed, speed < 100 ? 1 : 0)) images/s  \(Terminal.duration(left)) left"
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
