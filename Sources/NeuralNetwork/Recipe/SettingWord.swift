/// A setting that is one of a few words. What it could have been is said where it is another.
public protocol SettingWord: RawRepresentable, CaseIterable, Codable where RawValue == String {}

extension SettingWord {
    public init(from decoder: any Decoder) throws {
        let word = try decoder.singleValueContainer().decode(String.self)
        guard let value = Self(rawValue: word) else {
            let words = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "\(word) is none of \(words)"))
        }
        self = value
    }
}
