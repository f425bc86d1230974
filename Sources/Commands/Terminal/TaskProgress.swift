import Foundation
import Glibc
import Platform

/// Shows the progress of tasks that take longer than two seconds. Writes to stderr, so that stdout has only the result. Calls
/// may come from any thread.
final class TaskProgress: Sendable {
    private struct State {
        var text: ProgressText
        /// Whether the cursor is on a line that is rewritten.
        var hasOpenLine = false
    }

    private let state: Monitor<State>
    private let form: ProgressText.Form

    init() {
        form = Self.form
        state = Monitor(State(text: ProgressText(form, at: MonotonicClock.now)))
    }

    deinit { finish() }

    private static var form: ProgressText.Form {
        let environment = ProcessInfo.processInfo.environment
        guard isatty(2) != 0, environment["TERM"] != "dumb" else { return .lines }
        var size = winsize()
        let isKnown = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
        // The last column stays empty: a terminal that wraps there would leave the line behind.
        return .bar(TerminalStyle(isTerminal: true, environment: environment), width: isKnown ? Int(size.ws_col) - 1 : 79)
    }

    /// - Parameters:
    ///   - fraction: the fraction of the task that is done.
    ///   - detail: a figure to show after the percentage.
    func show(_ task: String, _ fraction: Double, _ detail: String = "") {
        state.update { state in
            guard let text = state.text.next(task, fraction, detail, at: MonotonicClock.now) else { return }
            if form == .lines { return StandardError.write("\(text)\n") }
            StandardError.write("\r\u{1B}[K\(text)")
            state.hasOpenLine = true
        }
    }

    /// Erases the bar.
    func finish() {
        state.update { state in
            if state.hasOpenLine { StandardError.write("\r\u{1B}[K") }
            state.hasOpenLine = false
        }
    }

    /// Runs `body` and shows the fraction done that it reports.
    static func show<Result>(_ task: String, _ body: ((Double) -> Void) throws -> Result) rethrows -> Result {
        let progress = TaskProgress()
        defer { progress.finish() }
        return try body { progress.show(task, $0) }
    }
}
