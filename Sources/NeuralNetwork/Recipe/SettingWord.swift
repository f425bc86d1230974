/// A setting whose value is one of a few words. Decoding any other word throws an error that lists them.
public protocol SettingWord: RawRepresentable, CaseIterable, Codable where RawValue == String {}

extension SettingWord {
    public init(from decoder: any Decoder) throws {
        let word = try decoder.singleValueContainer().decode(String.self)
        guard let value = Self(rawValue: word) else {
            let words = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "\(word) is not one of \(words)"))
        }
        self = value
    }
}
