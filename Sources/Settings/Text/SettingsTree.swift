import Foundation
package import NeuralNetwork
import Platform
package import RunLog

/// A tree of unchecked settings: a preset's, overlaid with a file's, overlaid with `--set`.
package struct SettingsTree: Sendable {
    package private(set) var root: [String: JSONValue]
    private static let depthLimit = 8

    package init(_ recipe: Recipe) throws {
        let value = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(recipe))
        guard case .object(let root) = value else { throw NetworkError("a recipe is not a mapping") }
        self.root = root
    }

    /// Reads the text of a YAML file.
    /// - Throws: `NetworkError` if it is not a valid mapping.
    init(yaml text: String, path: String) throws {
        let value: JSONValue
        do { value = try SettingsText.value(text) } catch let error as NetworkError {
            throw NetworkError("\(path): \(error)")
        } catch {
            throw NetworkError("\(path) is not valid YAML: \(Self.firstLine("\(error)"))")
        }
        guard case .object(let root) = value else { throw NetworkError("\(path) must be a mapping of settings") }
        self.root = root
    }

    private static func firstLine(_ text: String) -> String {
        text.split(separator: "\n").prefix(2).joined(separator: " ")
    }

    mutating func remove(_ key: String) -> JSONValue? { root.removeValue(forKey: key) }

    /// Overlays another tree; mappings are merged, all else replaced.
    mutating func overlay(_ other: [String: JSONValue]) { root = Self.merge(root, other) }

    private static func merge(_ base: [String: JSONValue], _ other: [String: JSONValue]) -> [String: JSONValue] {
        base.merging(other) { old, new in
            if case .object(let old) = old, case .object(let new) = new { return .object(merge(old, new)) }
            return new
        }
    }

    /// Applies an assignment of the form `key.path=value`.
    mutating func set(_ assignment: String) throws {
        guard let equals = assignment.firstIndex(of: "="), equals > assignment.startIndex else {
            throw CommandFailure(CommandFailure.usage, "--set \(assignment): write key=value, such as batch=64")
        }
        let keys = assignment[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard keys.count <= Self.depthLimit else {
            throw CommandFailure(
                CommandFailure.usage, "--set: the name of a setting has at most \(Self.depthLimit) parts, not \(keys.count)")
        }
        let text = String(assignment[assignment.index(after: equals)...])
        let value = (try? SettingsText.value(text)) ?? .string(text)
        let nested = keys.reversed().reduce(value) { .object([$1: $0]) }
        if case .object(let overlay) = nested { self.overlay(overlay) }
    }

    func recipe() throws -> Recipe {
        try JSONDecoder().decode(Recipe.self, from: JSONEncoder().encode(JSONValue.object(root)))
    }
}
