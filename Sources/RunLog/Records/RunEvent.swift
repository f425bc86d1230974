/// A line of events.jsonl.
public struct RunEvent: Codable, Sendable, Equatable {
    public var kind: String
    public var message: String
    public var time: String
    /// Additional keys of the line.
    public var facts: [String: String]

    public init(kind: String, message: String, time: String, facts: [String: String] = [:]) {
        (self.kind, self.message, self.time, self.facts) = (kind, message, time, facts)
    }

    public init(from decoder: any Decoder) throws {
        var all = try decoder.singleValueContainer().decode([String: String].self)
        guard let kind = all.removeValue(forKey: "kind"), let message = all.removeValue(forKey: "message"),
            let time = all.removeValue(forKey: "time")
        else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "an event must have a kind, a message and a time"))
        }
        self.init(kind: kind, message: message, time: time, facts: all)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(facts.merging(["kind": kind, "message": message, "time": time]) { $1 })
    }
}
