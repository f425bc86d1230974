package import Foundation

/// A line of one of a run's files, as it is written.
package struct EncodedLine: Sendable, Equatable {
    /// Decides what happens to a line when the memory for waiting lines is used up.
    package enum Worth: Sendable, Equatable {
        /// The line is never dropped: a failure, a change of the run, a validation that later learning rates depend on.
        case kept
        /// The metrics of a step. Of many that wait, every second is dropped.
        case step
        /// A detail: the oldest is dropped first.
        case detail
    }

    /// The text with its line end.
    package let bytes: Data
    package let worth: Worth
    /// The index's record of a line of metrics.jsonl. Its offset is set when the line is written.
    let entry: MetricsIndex.Entry?

    package init(_ bytes: Data, worth: Worth) { (self.bytes, self.worth, entry) = (bytes, worth, nil) }

    private init(encoding value: some Encodable, _ worth: Worth, entry: MetricsLine? = nil) throws {
        bytes = try Self.bytes(value)
        self.worth = worth
        self.entry = entry.map { [bytes] in MetricsIndex.Entry($0, offset: 0, length: bytes.count - 1) }
    }

    init(_ step: StepMetrics) throws { try self.init(encoding: step, .step, entry: .step(step)) }
    init(_ validation: ValidationMetrics) throws { try self.init(encoding: validation, .kept, entry: .validation(validation)) }
    init(_ norms: NormsMetrics) throws { try self.init(encoding: norms, .detail, entry: .norms(norms)) }
    init(_ line: TimelineLine) throws { try self.init(encoding: line, .detail) }
    init(_ line: LogLine) throws { try self.init(encoding: line, .detail) }

    /// Peers that are not admitted can cause any number of refusals, so only these are details.
    init(_ event: RunEvent) throws { try self.init(encoding: event, event.kind == "refused" ? .detail : .kept) }

    /// Encodes a value as one line of JSON.
    static func bytes(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var line = try encoder.encode(value)
        line.append(0x0A)
        return line
    }
}
