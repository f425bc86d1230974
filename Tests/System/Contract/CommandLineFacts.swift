import Foundation

/// The command line as `--experimental-dump-help` describes it, without texts and without hidden parts.
struct CommandLineFacts: Decodable {
    private let command: Command

    init(_ text: String) throws { self = try JSONDecoder().decode(CommandLineFacts.self, from: Data(text.utf8)) }

    var facts: Set<String> { command.facts(after: "") }

    private struct Command: Decodable {
        let commandName: String
        let shouldDisplay: Bool?
        let arguments: [Argument]?
        let subcommands: [Command]?

        func facts(after parents: String) -> Set<String> {
            guard shouldDisplay != false else { return [] }
            let name = parents + commandName
            return Set(
                [name] + (arguments ?? []).flatMap { $0.facts(of: name) } + (subcommands ?? []).flatMap { $0.facts(after: "\(name) ") })
        }
    }

    private struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }
        struct Completion: Decodable {
            struct List: Decodable { let values: [String] }
            let list: List?
        }
        let kind: String
        let names: [Name]?
        let valueName: String
        let isOptional: Bool
        let isRepeating: Bool
        let parsingStrategy: String
        let shouldDisplay: Bool?
        let defaultValue: String?
        let allValues: [String]?
        let completionKind: Completion?

        func facts(of command: String) -> [String] {
            guard shouldDisplay != false else { return [] }
            let names = names?.map { ($0.kind == "long" ? "--" : "-") + $0.name } ?? ["<\(valueName)>"]
            return names.flatMap { name in
                var facts = [kind, isOptional ? "optional" : "required"]
                if kind == "option" { facts.append("takes \(valueName)") }
                if isRepeating { facts.append("repeating \(parsingStrategy)") }
                if let defaultValue { facts.append("default \(defaultValue)") }
                facts += ((allValues ?? []) + (completionKind?.list?.values ?? [])).map { "value \($0)" }
                return facts.map { "\(command) \(name) \($0)" }
            }
        }
    }
}
