/// Breaks text into lines for a terminal.
package enum TextLines {
    /// Breaks text between words, and words that are longer than a line anywhere.
    /// - Parameters:
    ///   - width: the longest line; nil leaves the text on one line.
    ///   - indent: the spaces before every line but the first. They count towards the width.
    package static func wrapped(_ text: String, width: Int?, indent: Int = 0) -> String {
        guard let width, text.count > width else { return text }
        let rest = max(1, width - indent)
        var lines: [String] = []
        var line = ""
        var room: Int { lines.isEmpty ? width : rest }
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            var word = String(word)
            if !line.isEmpty, line.count + 1 + word.count > room {
                lines.append(line)
                line = ""
            } else if !line.isEmpty {
                line += " "
            }
            while line.count + word.count > room {
                let part = word.prefix(room - line.count)
                lines.append(line + part)
                (line, word) = ("", String(word.dropFirst(part.count)))
            }
            line += word
        }
        if !line.isEmpty { lines.append(line) }
        return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    /// Aligns names and their values, which continue below where they begin.
    package static func facts(_ rows: [(name: String, value: String)], width: Int?) -> String {
        let column = (rows.map(\.name.count).max() ?? 0) + 2
        let indent = "\n" + String(repeating: " ", count: column)
        return rows.map { row in
            let name = row.name + String(repeating: " ", count: column - row.name.count)
            return name + wrapped(row.value, width: width.map { max(12, $0 - column) }).replacing("\n", with: indent)
        }.joined(separator: "\n")
    }

    /// Joins parts with two spaces, and leaves out the parts with the highest ranks where they do not fit.
    package static func line(_ parts: [(text: String, rank: Int)], width: Int?) -> String {
        var parts = parts
        func text() -> String { parts.map(\.text).joined(separator: "  ") }
        while let width, text().count > width, let last = parts.map(\.rank).max(), last > 0 { parts.removeAll { $0.rank == last } }
        return text()
    }
}
