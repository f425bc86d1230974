import Foundation
package import RunLog

/// What tests compare of a run. A file that is missing reads as an empty one.
extension RunDirectory {
    /// The metrics of all training steps, in the order of the file.
    package var steps: [StepMetrics] {
        ((try? metrics()) ?? []).compactMap { if case .step(let step) = $0 { step } else { nil } }
    }

    /// The metrics of all validations, in the order of the file.
    package var validations: [ValidationMetrics] {
        ((try? metrics()) ?? []).compactMap { if case .validation(let validation) = $0 { validation } else { nil } }
    }

    /// The digests of the weights after all training steps. Two runs that computed the same have the same digests.
    package var digests: [String] { steps.map(\.digest) }

    /// Returns the events of a kind.
    package func events(_ kind: String) -> [RunEvent] { events().filter { $0.kind == kind } }

    /// The content of events.jsonl.
    package var eventsText: String { TextFile.content(eventsPath) }

    /// Returns the lines of events.jsonl of some kinds.
    package func eventLines(_ kinds: String...) -> [String] {
        eventsText.split(separator: "\n").filter { line in kinds.contains { line.contains("\"kind\":\"\($0)\"") } }.map(String.init)
    }
}
