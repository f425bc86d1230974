import Foundation
import Network
import RunLog
import Yams

/// Settings as YAML, read within bounds: aliases make a few lines stand for any number of values, and brackets nest as
/// deeply as there are any.
enum SettingsText {
    /// AlexNet's takes two kilobytes.
    static let byteLimit = 64 << 10
    private static let aliasLimit = 16
    private static let valueLimit = 20_000
    private static let depthLimit = 32

    /// - Throws: `NetworkError` naming the bound, or an error of the YAML parser.
    static func value(_ text: String) throws -> JSONValue {
        guard text.utf8.count <= byteLimit else {
            throw NetworkError("\(text.utf8.count) bytes are more than settings may have (\(byteLimit))")
        }
        // Before the parser sees the text: it compares keys, and an alias may be one.
        guard aliases(text) <= aliasLimit else {
            throw NetworkError("settings may have \(aliasLimit) aliases (*name); write out what they stand for")
        }
        guard let root = try Parser(yaml: text, resolver: .basic.appending(.merge)).singleRoot() else { return .null }
        var rest = valueLimit
        try count(root, depth: 0, &rest)
        let value = try YAMLDecoder().decode(JSONValue.self, from: root)
        try checkNumbers(value)
        return value
    }

    /// Words that begin with an asterisk; more than the parser will take for aliases, never fewer.
    private static func aliases(_ text: String) -> Int { text.utf8.count { $0 == UInt8(ascii: "*") } }

    private static func count(_ node: Node, depth: Int, _ rest: inout Int) throws {
        rest -= 1
        guard rest >= 0 else { throw NetworkError("settings may have \(valueLimit) values; aliases stand for more here") }
        guard depth <= depthLimit else { throw NetworkError("settings are nested more than \(depthLimit) deep") }
        switch node {
        case .scalar, .alias: break
        case .sequence(let sequence): for node in sequence { try count(node, depth: depth + 1, &rest) }
        case .mapping(let mapping):
            for (key, value) in mapping {
                try count(key, depth: depth + 1, &rest)
                try count(value, depth: depth + 1, &rest)
            }
        }
    }

    private static func checkNumbers(_ value: JSONValue) throws {
        switch value {
        case .number(let number) where !number.isFinite: throw NetworkError("\(number) is no value for a setting")
        case .array(let values): try values.forEach(checkNumbers)
        case .object(let values): try values.values.forEach(checkNumbers)
        default: break
        }
    }
}
