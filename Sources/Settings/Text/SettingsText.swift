import Foundation
import NeuralNetwork
import RunLog
import Yams

/// A parser of YAML settings with bounds: otherwise aliases could make a few lines stand for any number of values, and brackets could
/// nest arbitrarily deeply.
struct SettingsText {
    /// The longest text in bytes. AlexNet's settings take two kilobytes.
    static let byteLimit = 64 << 10
    private static let aliasLimit = 16
    private static let valueLimit = 20_000
    private static let depthLimit = 32

    private var values = 0

    /// Parses settings.
    /// - Throws: `NetworkError` naming the exceeded bound, or an error of the YAML parser.
    static func value(_ text: String) throws -> JSONValue {
        guard text.utf8.count <= byteLimit else {
            throw NetworkError("settings have \(text.utf8.count) bytes; at most \(byteLimit) are allowed")
        }
        // Checked before parsing, because the parser compares keys, and a key may be an alias. Not every asterisk is an alias, but
        // every alias has one.
        guard text.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= aliasLimit else {
            throw NetworkError("settings may have at most \(aliasLimit) aliases (*name); write out what they stand for")
        }
        guard let root = try Parser(yaml: text, resolver: .basic.appending(.merge)).singleRoot() else { return .null }
        var reader = SettingsText()
        return try reader.value(root, depth: 0)
    }

    private mutating func value(_ node: Node, depth: Int) throws -> JSONValue {
        values += 1
        guard values <= Self.valueLimit else {
            throw NetworkError("settings may have at most \(Self.valueLimit) values; the aliases here stand for more")
        }
        guard depth <= Self.depthLimit else { throw NetworkError("settings are nested more than \(Self.depthLimit) deep") }
        switch node {
        case .scalar(let scalar): return try SettingsScalar.value(scalar)
        case .sequence(let sequence): return .array(try sequence.map { try value($0, depth: depth + 1) })
        case .mapping(let mapping): return .object(try object(mapping, depth: depth))
        case .alias: throw NetworkError("an alias has no anchor")
        }
    }

    /// Reads a mapping. Its own entries take precedence over those that `<<` merges into it.
    private mutating func object(_ mapping: Node.Mapping, depth: Int) throws -> [String: JSONValue] {
        var (stated, merged) = ([String: JSONValue](), [String: JSONValue]())
        for (key, node) in mapping {
            guard case .scalar(let name) = key else { throw NetworkError("the name of a setting must be a word, not a list or a mapping") }
            let value = try value(node, depth: depth + 1)
            guard name.string == "<<", name.style == .plain else {
                stated[name.string] = value
                continue
            }
            let sources = if case .array(let values) = value { values } else { [value] }
            for case .object(let source) in sources { merged.merge(source) { first, _ in first } }
        }
        return merged.merging(stated) { $1 }
    }
}
