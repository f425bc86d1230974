/// An invalid network or setting, described in one sentence that says what to change.
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
    /// Throws a `NetworkError` for a key that the type does not have and suggests the nearest one. Otherwise a misspelt setting would
    /// silently have its default value.
    func rejectUnknownKeys<Key: CodingKey & CaseIterable>(_ type: Key.Type) throws {
        let known = Key.allCases.map(\.stringValue)
        for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
            // The error must not repeat a name of a megabyte.
            let path = (codingPath.map(\.stringValue) + [key.stringValue]).joined(separator: ".").prefix(200)
            throw NetworkError("unknown setting \(path)\(Spelling.suggestion(for: key.stringValue, among: known))")
        }
    }
}
