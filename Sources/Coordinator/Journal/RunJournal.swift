public import RunLog

/// Records what happens in a run, once: in the run's files, and with everybody who listens.
public final class RunJournal: Sendable {
    private let writer: RunWriter
    private let listeners: [@Sendable (JournalEntry) -> Void]

    /// - Parameter listeners: Called with every entry, on the thread that records it.
    public init(_ writer: RunWriter, listeners: [@Sendable (JournalEntry) -> Void]) { (self.writer, self.listeners) = (writer, listeners) }

    /// Records an entry.
    /// - Throws: `RunLogError` where a line of the metrics cannot be written. A lost line of the events is no reason to end a run.
    public func record(_ entry: JournalEntry) throws {
        for listener in listeners { listener(entry) }
        if let event = entry.event { writer.event(event.kind, event.message, event.facts) }
        switch entry {
        case .step(let line): if line.loss.isFinite { try writer.append(line) }
        case .norms(let line): try writer.append(line)
        case .validated(let line): try writer.append(line)
        default: break
        }
    }

    /// Records an event of a kind that has no fields of its own.
    public func note(_ kind: String, _ sentence: String, _ facts: [String: String] = [:]) {
        // Only lines of the metrics can fail.
        try? record(.note(kind: kind, sentence, facts: facts))
    }
}
