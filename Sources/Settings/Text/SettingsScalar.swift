import Foundation
import NeuralNetwork
import RunLog
import Yams

/// Reads a single value in YAML. A quoted value is text; others may be a number, a Boolean or null. YAML's numbers to the base of 60
/// and times are read as text.
enum SettingsScalar {
    private static let on: Set = ["true", "yes", "on"]
    private static let off: Set = ["false", "no", "off"]
    private static let none: Set = ["", "~", "null"]

    static func value(_ scalar: Node.Scalar) throws -> JSONValue {
        guard scalar.style == .plain || scalar.style == .any, scalar.tag.description != Tag.Name.str.rawValue else {
            return .string(scalar.string)
        }
        let word = scalar.string.utf8.count <= 5 ? scalar.string.lowercased() : ""
        if scalar.string.isEmpty || !word.isEmpty && none.contains(word) { return .null }
        if on.contains(word) { return .bool(true) }
        if off.contains(word) { return .bool(false) }
        return try number(scalar.string) ?? .string(scalar.string)
    }

    private static func number(_ text: String) throws -> JSONValue? {
        let digits = text.replacing("_", with: "")
        guard let first = digits.utf8.first, digits.utf8.count <= 64, "+-.0123456789".utf8.contains(first) else { return nil }
        if let integer = integer(digits) { return .integer(integer) }
        if [".inf", "+.inf", "-.inf", ".nan"].contains(digits.lowercased()) {
            throw NetworkError("\(text) is not a valid value for a setting")
        }
        // Swift also reads hexadecimal numbers, inf and nan, which are not numbers in YAML.
        guard digits.utf8.allSatisfy({ "+-.eE0123456789".utf8.contains($0) }), let number = Double(digits) else { return nil }
        guard number.isFinite else { throw NetworkError("\(text) is too large for a setting") }
        return .number(number)
    }

    private static func integer(_ digits: String) -> Int64? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            return Int64(digits.dropFirst(2), radix: radix)
        }
        return Int64(digits)
    }
}
