/// The progress text of a long task. It is empty for two seconds; then it is a bar, redrawn a few times a second, or without a
/// terminal a line every few seconds. The type reads no clock and writes nothing.
package struct ProgressText {
    package enum Form: Sendable, Equatable {
        /// One line that is rewritten, of at most `width` characters.
        case bar(TerminalStyle, width: Int)
        case lines
    }

    /// Seconds before the first text.
    private static let delay = 2.0
    private static let cells = 24

    private let form: Form
    private let start: Double
    private var lastShown = -Double.infinity
    /// The current task, and its progress when first reported. Work that an interrupted task had done before does not count
    /// towards the rate of this one.
    private var task = ""
    private var taskStart = (time: 0.0, fraction: 0.0)

    /// - Parameter now: in seconds, from any monotonic clock.
    package init(_ form: Form, at now: Double) { (self.form, start) = (form, now) }

    /// Returns the text to show now; nil if none is due.
    /// - Parameters:
    ///   - fraction: the fraction of the task that is done.
    ///   - detail: a figure to show after the percentage.
    package mutating func next(_ task: String, _ fraction: Double, _ detail: String = "", at now: Double) -> String? {
        if task != self.task { (self.task, taskStart) = (task, (now, fraction)) }
        let interval = form == .lines ? 5 : 0.1
        guard now - start > Self.delay, now - lastShown >= interval else { return nil }
        lastShown = now
        let share = fraction.isFinite ? min(1, max(0, fraction)) : 0
        var words = ["\(Int(100 * share)) %"]
        if !detail.isEmpty { words.append(detail) }
        let done = share - taskStart.fraction
        if done > 0 { words.append("\(Terminal.duration((now - taskStart.time) / done * (1 - share))) left") }
        switch form {
        case .lines: return "\(task): \(words.joined(separator: ", "))"
        case .bar(let style, let width):
            let filled = Int(share * Double(Self.cells))
            let bar =
                String(repeating: style.hasUnicode ? "█" : "#", count: filled)
                + String(repeating: style.hasUnicode ? "░" : ".", count: Self.cells - filled)
            return String("\(task)  \(bar)  \(words.joined(separator: "  "))".prefix(max(1, width)))
        }
    }
}
