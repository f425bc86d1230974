/// A line of log.jsonl: a message of one process, with the time by the coordinator's clock.
public struct LogLine: Codable, Sendable, Equatable {
    public enum Level: String, Codable, Sendable { case info, warning, error }

    /// ISO 8601 with microseconds, corrected to the coordinator's clock.
    public var time: String
    /// The uncertainty of the time in seconds; nil if the process's clock could not be compared.
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

    /// The role and rank, such as `worker 1`.
    public var name: String { role == "coordinator" ? role : "\(role) \(rank)" }
}
