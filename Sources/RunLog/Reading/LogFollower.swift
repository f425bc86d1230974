/// Tells which lines of a growing log have not been shown yet.
///
/// A line that arrives late stands among earlier ones, so the number of lines that were shown does not tell which they are.
public struct LogFollower: Sendable {
    private struct Key: Hashable {
        var time: String
        var level: LogLine.Level
        var message: String
    }

    private var shown: [Key: Int] = [:]

    public init() {}

    /// Returns the log's lines that earlier logs did not have, in the log's order. A line to which another process's is added later is not
    /// new.
    public mutating func newLines(of log: MergedLog) -> [MergedLog.Line] {
        var counts: [Key: Int] = [:]
        return log.lines.filter { line in
            let key = Key(time: line.time, level: line.level, message: line.message)
            counts[key, default: 0] += 1
            guard counts[key, default: 0] > shown[key, default: 0] else { return false }
            shown[key] = counts[key]
            return true
        }
    }
}
