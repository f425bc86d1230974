/// The stored properties of the types of a module, counted in their source text.
struct StoredProperties {
    private enum Kind { case structure, object, other }

    private enum Scope {
        case type(String)
        /// A function, a closure or another block.
        case block
    }

    private var kinds: [String: Kind] = [:]
    private var own: [String: Int] = [:]

    /// - Parameter files: the module's files.
    init(_ files: [SourceFile]) { for file in files { read(Array(SwiftText.blanked(file.text).utf8)) } }

    /// The number of stored properties of every structure, class and actor, with those of the structures nested in it: they would
    /// otherwise hide a type's state.
    var counts: [String: Int] {
        var counts: [String: Int] = [:]
        for (name, kind) in kinds where kind != .other {
            counts[name] = own.reduce(0) { sum, entry in
                let isNested = entry.key.hasPrefix(name + ".") && kinds[entry.key] == .structure
                return sum + (entry.key == name || isNested ? entry.value : 0)
            }
        }
        return counts
    }

    private mutating func read(_ text: [UInt8]) {
        var (scopes, parentheses, header, start): ([Scope], Int, Int, Int) = ([], 0, 0, 0)
        for (index, byte) in text.enumerated() {
            if index == start, parentheses == 0, case .type(let name)? = scopes.last {
                own[name, default: 0] += Self.properties(text[index...])
            }
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): parentheses -= 1
            case UInt8(ascii: "{"):
                let scope = open(String(decoding: text[header..<index], as: UTF8.self), in: scopes)
                scopes.append(scope)
                (header, start) = (index + 1, index + 1)
            case UInt8(ascii: "}"):
                _ = scopes.popLast()
                header = index + 1
            case UInt8(ascii: "\n"), UInt8(ascii: ";"): start = index + 1
            default: break
            }
        }
    }

    /// Returns the scope that a brace opens, and notes the type if it is one.
    /// - Parameter header: the text since the brace before.
    private mutating func open(_ header: String, in scopes: [Scope]) -> Scope {
        guard let match = header.matches(of: #/\b(struct|class|actor|enum|extension|protocol)\s+([A-Z][\w.]*)/#).last,
            !header[match.range.upperBound...].contains(#/\b(func|init|subscript|var|let)\b/#)
        else { return .block }
        let keyword = match.output.1
        var name = String(match.output.2)
        if case .type(let outer)? = scopes.last { name = "\(outer).\(name)" }
        switch keyword {
        case "struct": kinds[name] = .structure
        case "class", "actor": kinds[name] = .object
        case "enum", "protocol": kinds[name] = .other
        default: break
        }
        return .type(name)
    }

    /// Returns the number of stored properties that a statement declares. Properties of the type itself do not count.
    /// - Parameter text: begins with the statement.
    private static func properties(_ text: ArraySlice<UInt8>) -> Int {
        let line = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard line.contains("let ") || line.contains("var "), let match = line.prefixMatch(of: declaration) else { return 0 }
        let rest = text.dropFirst(match.output.0.utf8.count)
        var (depth, angles, commas, hasValue): (Int, Int, Int, Bool) = (0, 0, 0, match.output.1 == "let")
        // A tuple pattern declares the names in its parentheses.
        let isTuple = rest.first == UInt8(ascii: "(")
        var isPattern = isTuple
        var previous: Character = " "
        loop: for (index, byte) in zip(rest.indices, rest) {
            let character = Character(Unicode.Scalar(byte))
            switch character {
            case "{" where depth == 0 && !hasValue:
                let body = String(decoding: rest[(index + 1)...].prefix(200), as: UTF8.self).drop(while: \.isWhitespace)
                // Observers do not make a property computed.
                guard body.hasPrefix("didSet") || body.hasPrefix("willSet") else { return 0 }
                break loop
            case "(", "[", "{": depth += 1
            case "}" where depth == 0: break loop
            case ")", "]", "}":
                depth -= 1
                if depth == 0 { isPattern = false }
            case "<" where previous.isLetter || previous.isNumber: angles += 1
            case ">" where angles > 0 && previous != "-": angles -= 1
            case "=" where depth == 0: hasValue = true
            case "," where angles == 0 && (isTuple ? isPattern && depth == 1 : depth == 0): commas += 1
            case "\n" where depth == 0 && previous != ",", ";" where depth == 0: break loop
            default: break
            }
            if !character.isWhitespace { previous = character }
        }
        return commas + 1
    }

    /// The beginning of a declaration of a property, with the keyword in the first group. `static` is not among the modifiers.
    private static var declaration: Regex<(Substring, Substring)> {
        #/
        \s*
        (?: (?: @\w+ (?: \([^)]*\) )?
            | (?: public | package | internal | private | fileprivate ) (?: \(set\) )?
            | final | lazy | weak | override | open
            | (?: unowned | nonisolated ) (?: \(\w+\) )?
        ) \s+ )*
        (let|var) \s+
        /#
    }
}
