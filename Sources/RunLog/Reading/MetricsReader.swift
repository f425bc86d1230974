import Foundation

/// Follows metrics.jsonl of a run that goes on.
public struct MetricsReader: Sendable {
    private let directory: RunDirectory
    private var offset: Int

    /// - Parameter offset: where the first line begins that is read.
    public init(_ directory: RunDirectory, from offset: Int) { (self.directory, self.offset) = (directory, offset) }

    /// Whole lines since the last call. A resumed run drops the lines of steps that it trains again: it is read on from its
    /// new end.
    public mutating func next() -> [MetricsLine] {
        guard let file = LineFile(directory.metricsPath) else { return [] }
        if file.size < offset { offset = file.size }
        guard file.size > offset else { return [] }
        var lines: [MetricsLine] = []
        var end = offset
        file.forEachLine(from: offset) { start, data in
            end = start + data.count + 1
            if let line = MetricsLine(line: data) { lines.append(line) }
        }
        offset = end
        return lines
    }
}
