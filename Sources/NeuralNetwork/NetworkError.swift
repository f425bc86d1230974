/// A network or setting that cannot be trained, in one sentence that says what to change.
public struct NetworkError: Error, CustomStringConvertible, Sendable, Equatable {
    public let description: String
    public init(_ description: String) { self.description = description }
}

private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int?
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
}

extension Decoder {
    /// Fails for a key that the type does not have, naming the nearest that it has: a misspelt setting must not
    /// pass for its default.
    func rejectUnknownKeys<Key: CodingKey & CaseIterable>(_ type: Key.Type) throws {
        let known = Key.allCases.map(\.stringValue)
        for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
            // A name of a megabyte is not repeated to whoever sent it.
            let path = (codingPath.map(\.stringValue) + [key.stringValue]).joined(separator: ".").prefix(200)
            throw NetworkError("unknown setting \(path)\(Spelling.suggestion(for: key.stringValue, among: known))")
        }
    }
}
