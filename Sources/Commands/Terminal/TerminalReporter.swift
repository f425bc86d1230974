import Supervision

/// Writes what a supervisor says to this terminal.
struct TerminalReporter: Reporter {
    func line(_ text: String) { Terminal.line(text) }
    func error(_ message: String) { Terminal.error(message) }
}
