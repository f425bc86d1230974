public import RunLog

/// Records what happens in a run, once: in the run's files, and with everybody who listens.
public final class RunJournal: Sendable {
    private let recorder: RunRecorder
    private let listeners: [@Sendable (JournalEntry) -> Void]

    /// - Parameter listeners: Called with every entry, on the thread that records it.
    public init(_ recorder: RunRecorder, listeners: [@Sendable (JournalEntry) -> Void]) {
        (self.recorder, self.listeners) = (recorder, listeners)
        recorder.listen { [weak self] notice in
            switch notice {
            case .waiting(let backlog, let isReminder): try? self?.record(.logWaiting(backlog, isReminder: isReminder))
            case .written(let backlog): try? self?.record(.logWritten(backlog))
            }
        }
    }

    /// Records an entry. It does not wait for the disk.
    /// - Throws: An error where a line of the metrics has a figure that is not finite.
    public func record(_ entry: JournalEntry) throws {
        for listener in listeners { listener(entry) }
        if let event = entry.event { recorder.event(event.kind, event.message, event.facts) }
        switch entry {
        case .step(let line): if line.loss.isFinite { try recorder.append(line) }
        case .norms(let line): try recorder.append(line)
        case .validated(let line): try recorder.append(line)
        default: break
        }
    }

    /// Records an event of a kind that has no fields of its own.
    public func note(_ kind: String, _ sentence: String, _ facts: [String: String] = [:]) {
        // Only lines of the metrics can fail.
        try? record(.note(kind: kind, sentence, facts: facts))
    }
}
