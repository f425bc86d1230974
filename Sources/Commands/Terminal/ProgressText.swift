/// What is said of a task that takes long, and when: nothing in the first two seconds, then a bar that is drawn anew a few
/// times a second, or where there is no terminal a line every few seconds. It holds no clock and writes nothing.
package struct ProgressText {
    package enum Form: Sendable, Equatable {
        /// A line that is rewritten, of at most so many characters.
        case bar(TerminalStyle, width: Int)
        case lines
    }

    /// Seconds that a task may take without a word.
    private static let patience = 2.0
    private static let cells = 24

    private let form: Form
    private let start: Double
    private var shown = -Double.infinity
    /// The task that is under way, and how far it was when it was first heard of: what an interrupted one had done before
    /// says nothing of how fast this one is.
    private var task = ""
    private var begun = (time: 0.0, fraction: 0.0)

    /// - Parameter now: in seconds, of any clock that only goes forward.
    package init(_ form: Form, at now: Double) { (self.form, start) = (form, now) }

    /// The text that is due, if any.
    /// - Parameters:
    ///   - fraction: of the task that is done.
    ///   - detail: a figure that follows the share.
    package mutating func next(_ task: String, _ fraction: Double, _ detail: String = "", at now: Double) -> String? {
        if task != self.task { (self.task, begun) = (task, (now, fraction)) }
        let interval = form == .lines ? 5 : 0.1
        guard now - start > Self.patience, now - shown >= interval else { return nil }
        shown = now
        let share = fraction.isFinite ? min(1, max(0, fraction)) : 0
        var words = ["\(Int(100 * share)) %"]
        if !detail.isEmpty { words.append(detail) }
        let done = share - begun.fraction
        if done > 0 { words.append("\(Terminal.duration((now - begun.time) / done * (1 - share))) left") }
        switch form {
        case .lines: return "\(task): \(words.joined(separator: ", "))"
        case .bar(let style, let width):
            let filled = Int(share * Double(Self.cells))
            let bar = String(repeating: style.hasUnicode ? "█" : "#", count: filled)
                + String(repeating: style.hasUnicode ? "░" : ".", count: Self.cells - filled)
            return String("\(task)  \(bar)  \(words.joined(separator: "  "))".prefix(max(1, width)))
        }
    }
}
