import Foundation

/// A JSON value of any shape.
enum JSONFacts: Decodable {
    case object([String: JSONFacts])
    case array([JSONFacts])
    /// What is neither: its type, and its value as text.
    case scalar(type: String, value: String)

    init(_ text: String) throws { self = try JSONDecoder().decode(JSONFacts.self, from: Data(text.utf8)) }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .scalar(type: "null", value: "null")
        } else if let value = try? container.decode(Bool.self) {
            self = .scalar(type: "boolean", value: "\(value)")
        } else if let value = try? container.decode(Int.self) {
            self = .scalar(type: "number", value: "\(value)")
        } else if let value = try? container.decode(Double.self) {
            self = .scalar(type: "number", value: "\(value)")
        } else if let value = try? container.decode(String.self) {
            self = .scalar(type: "string", value: value)
        } else if let values = try? container.decode([JSONFacts].self) {
            self = .array(values)
        } else {
            self = .object(try container.decode([String: JSONFacts].self))
        }
    }

    /// The paths of all keys with the types of their values, such as `.workers[].rank number`.
    var types: Set<String> { facts(at: "") { type, _ in " \(type)" } }

    /// The paths of all keys with their values, except for texts under some keys.
    func values(except keys: Set<String>) -> Set<String> { facts(at: "", except: keys) { _, value in " = \(value)" } }

    private func facts(at path: String, except keys: Set<String> = [], _ end: (String, String) -> String) -> Set<String> {
        switch self {
        case .scalar(let type, let value): return [path + end(type, value)]
        case .array(let values):
            return values.isEmpty ? ["\(path) array"] : Set(values.flatMap { $0.facts(at: path + "[]", except: keys, end) })
        case .object(let members):
            let facts = members.flatMap { key, value -> Set<String> in
                if case .scalar("string", _) = value, keys.contains(key) { return [] }
                return value.facts(at: "\(path).\(key)", except: keys, end)
            }
            return members.isEmpty ? ["\(path) object"] : Set(facts)
        }
    }
}
