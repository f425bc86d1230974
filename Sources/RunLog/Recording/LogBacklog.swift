import Glibc

/// The lines of a run that are not written, and the reason.
public struct LogBacklog: Sendable, Equatable {
    /// The number of lines that wait, by file. A document that is replaced as a whole counts as one.
    public var waiting: [String: Int] = [:]
    /// The number of lines of the run that found no room in memory and were dropped, by file.
    public var dropped: [String: Int] = [:]
    /// The error's number; nil where the disk has only not answered.
    public var code: Int32?
    /// Seconds since the first line that could not be written at once.
    public var seconds = 0.0
    /// The number of lines that had to wait and are written now.
    public var written = 0

    public init() {}

    public var isEmpty: Bool { waiting.isEmpty && dropped.isEmpty }
    public var waitingCount: Int { waiting.values.reduce(0, +) }
    public var droppedCount: Int { dropped.values.reduce(0, +) }

    /// Says that lines wait.
    public var waitingSentence: String {
        let isOne = waitingCount == 1
        let verb = seconds < 1 ? isOne ? "waits" : "wait" : "\(isOne ? "has" : "have") waited for up to \(Int(seconds)) s"
        let lines = "\(Self.lines(waitingCount)) of its log \(verb)"
        let cause =
            switch code {
            case nil: "the run's disk does not answer"
            case ENOSPC?, EDQUOT?: "the run's disk is full (\(reason))"
            default: "the run's log cannot be written (\(reason))"
            }
        return "\(cause): \(lines); training continues" + droppedWords
    }

    /// Says that the lines that had waited are written.
    public var writtenSentence: String {
        "the run's log is written again: \(Self.lines(written)) had waited, for up to \(Int(seconds)) s" + droppedWords
    }

    /// Says at the end of a run what its files lack.
    /// - Parameter path: the run's directory.
    public func missingSentence(in path: String) -> String {
        var parts: [String] = []
        if !waiting.isEmpty { parts.append("\(Self.list(waiting)) could not be written (\(reason))") }
        if !dropped.isEmpty { parts.append("\(Self.list(dropped)) had been dropped while the disk took nothing") }
        return "the record of the run in \(path) is incomplete: \(parts.joined(separator: ", and "))"
    }

    /// The error in the system's words.
    public var reason: String { code.map { String(cString: strerror($0)) } ?? "the disk does not answer" }

    private var droppedWords: String { dropped.isEmpty ? "" : "; \(Self.list(dropped)) found no room in memory and were dropped" }

    private static func lines(_ count: Int) -> String { "\(count) \(count == 1 ? "line" : "lines")" }

    private static func list(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { $0.key.hasSuffix(".json") ? $0.key : "\(lines($0.value)) of \($0.key)" }
            .joined(separator: ", ")
    }
}
