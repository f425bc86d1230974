import Foundation

/// The log lines of all processes of a run and its events, merged in the order of the coordinator's clock.
///
/// Equal messages of several processes at about the same time become one line with the names of all of them.
public struct MergedLog: Sendable, Equatable {
    public struct Line: Codable, Sendable, Equatable {
        public var time: String
        /// The uncertainty of the time in seconds; nil if it is unknown.
        public var uncertainty: Double?
        /// `worker 0`, `worker 1` …
        public var ranks: [String]
        public var level: LogLine.Level
        public var message: String

        public init(time: String, uncertainty: Double?, ranks: [String], level: LogLine.Level, message: String) {
            (self.time, self.uncertainty, self.ranks) = (time, uncertainty, ranks)
            (self.level, self.message) = (level, message)
        }
    }

    /// Seconds within which equal messages of several processes are merged.
    static let mergeInterval = 2.0
    /// Kinds of events that are shown as errors.
    private static let failures: Set<String> = ["failed", "lost", "verdict", "link-lost", "evicted", "checkpoint-damaged"]
    /// Kinds of events that are shown as warnings.
    private static let warnings: Set<String> = ["refused", "hold", "straggler", "insecure", "recovered"]

    public var lines: [Line]
    /// The first error, because later ones are often its consequences.
    public var firstFailure: Line?

    public init(log: [LogLine], events: [RunEvent]) {
        var all = log.map { Line(time: $0.time, uncertainty: $0.uncertainty, ranks: [$0.name], level: $0.level, message: $0.message) }
        all += events.map { event in
            let level: LogLine.Level = Self.failures.contains(event.kind) ? .error : Self.warnings.contains(event.kind) ? .warning : .info
            let message = event.kind == "joined" ? "\(event.message) joined" : event.message
            return Line(time: event.time, uncertainty: 0, ranks: ["coordinator"], level: level, message: message)
        }
        let keyed = all.enumerated().map { (seconds: Timestamp.seconds($1.time) ?? 0, position: $0, line: $1) }
            .sorted { ($0.seconds, $0.position) < ($1.seconds, $1.position) }
        var lines: [Line] = []
        // The latest line of each message, into which others may be merged.
        var recent: [String: (index: Int, seconds: Double)] = [:]
        for (seconds, _, line) in keyed {
            let key = "\(line.level.rawValue) \(line.message)"
            if let found = recent[key], seconds - found.seconds <= Self.mergeInterval, !lines[found.index].ranks.contains(line.ranks[0]) {
                lines[found.index].ranks.append(line.ranks[0])
                let both = [lines[found.index].uncertainty, line.uncertainty].compactMap { $0 }
                lines[found.index].uncertainty = both.count == 2 ? both.max() : nil
            } else {
                recent[key] = (lines.count, seconds)
                lines.append(line)
            }
        }
        for index in lines.indices { lines[index].ranks.sort { ($0.count, $0) < ($1.count, $1) } }
        self.lines = lines
        firstFailure = lines.first { $0.level == .error }
    }

    /// Returns a word that identifies the first `count` lines.
    ///
    /// A line that arrives late stands among earlier ones, and may be merged with one of them. Who has the first lines learns by this word
    /// whether they still are the first.
    public func digest(first count: Int) -> String {
        // FNV-1a, which is the same in every process.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ text: some StringProtocol) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        add("\(min(count, lines.count))")
        for line in lines.prefix(max(0, count)) {
            add(line.time)
            for rank in line.ranks { add(rank) }
            add(line.level.rawValue)
            add(line.message)
        }
        return String(hash, radix: 16)
    }
}
