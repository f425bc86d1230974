/// Escapes text for the language of manual pages.
enum Mdoc {
    /// Escapes text and breaks it into short lines. Each sentence begins a line, so that formatters recognize the end of the one before.
    static func escaped(_ text: String) -> String {
        var lines: [String] = []
        for word in characters(text).split(separator: " ") {
            if let last = lines.last, last.count + word.count < 78, !last.hasSuffix(".") {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(word.hasPrefix(".") || word.hasPrefix("'") ? "\\&\(word)" : String(word))
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Escapes text on a macro's line, where a short word might be a macro itself.
    static func arguments(_ text: String) -> String {
        characters(text).split(separator: " ").map { $0.count < 4 ? "\\&\($0)" : String($0) }.joined(separator: " ")
    }

    private static func characters(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": line += "\\e"
            case "\n", "\r", "\t": line += " "
            case " "..."~": line.unicodeScalars.append(scalar)
            default: if scalar.value >= 0xA0 { line += "\\[u\(hex(scalar.value))]" }
            }
        }
        return line
    }

    /// Quotes a macro's argument, which must not be taken for a macro or be split at a space.
    static func word(_ text: String) -> String { "\"\(text.count < 4 ? "\\&" : "")\(characters(text).filter { $0 != "\"" })\"" }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
