import Platform
import SwiftProtobuf

/// A process's lines for the run's log. They are written to its own output at once, and queued until they can be sent to
/// the coordinator.
public final class ProcessLog: Sendable {
    /// The most queued lines. Beyond it the oldest are dropped, and their number is reported.
    package static let limit = 500
    /// The most bytes of a line that are sent.
    package static let lineLimit = 2000

    private let waiting = Monitor(WireLogLines())
    private let output: @Sendable (String) -> Void

    /// - Parameter output: writes a line to the process's own output.
    public init(_ output: @escaping @Sendable (String) -> Void) { self.output = output }

    public func callAsFunction(_ text: String) { add(text, .info) }
    public func warning(_ text: String) { add(text, .warning) }
    public func error(_ text: String) { add(text, .error) }

    private func add(_ text: String, _ level: WireLogLines.Level) {
        output(text)
        var line = WireLogLines.Line()
        line.time = WallClock.nanoseconds
        line.level = level
        line.text = String(decoding: text.utf8.prefix(Self.lineLimit), as: UTF8.self)
        waiting.update { [line] waiting in
            waiting.lines.append(line)
            if waiting.lines.count > Self.limit {
                waiting.lines.removeFirst()
                waiting.dropped += 1
            }
        }
    }

    /// Removes and returns queued lines, at most as many as fit a message; nil if there are none.
    package func take() -> WireLogLines? {
        waiting.update { waiting in
            guard !waiting.lines.isEmpty else { return nil }
            var message = WireLogLines()
            message.dropped = waiting.dropped
            message.lines = Array(waiting.lines.prefix(50))
            waiting.lines.removeFirst(message.lines.count)
            waiting.dropped = 0
            return message
        }
    }
}
