/// A line of log.jsonl: what one process said, at the coordinator's time.
public struct LogLine: Codable, Sendable, Equatable {
    public enum Level: String, Codable, Sendable { case info, warning, error }

    /// ISO 8601 with microseconds, corrected to the coordinator's clock.
    public var time: String
    /// Seconds that the time may be off; nil where the process's clock could not be compared.
    public var uncertainty: Double?
    public var role: String
    public var rank: Int
    public var host: String
    public var level: Level
    public var message: String

    public init(
        time: String, uncertainty: Double?, role: String, rank: Int, host: String, level: Level, message: String
    ) {
        (self.time, self.uncertainty, self.role, self.rank) = (time, uncertainty, role, rank)
        (self.host, self.level, self.message) = (host, level, message)
    }

    /// `worker 1`
    public var name: String { role == "coordinator" ? role : "\(role) \(rank)" }
}
