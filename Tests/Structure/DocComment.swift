/// Summaries of doc comments.
enum DocComment {
    /// First words of sentence fragments. A summary begins with a noun phrase or with a verb in the third person.
    private static let rejected: Set<String> = ["Of", "What", "Whoever", "That", "Where", "Who", "Those"]
    private static let visible: Set<Substring> = ["public", "package", "open"]
    private static let declarations: Set<Substring> = [
        "actor", "associatedtype", "case", "class", "enum", "extension", "func", "init", "let", "protocol", "struct", "subscript",
        "typealias",
        "var",
    ]

    /// Finds public and package symbols whose summary begins with a rejected word.
    /// - Returns: the line, from 1, and the summary's first line, for each.
    static func rejectedSummaries(in text: String) -> [(line: Int, summary: String)] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.drop(while: \.isWhitespace) }
        var found: [(line: Int, summary: String)] = []
        var start: Int?
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("///") {
                start = start ?? index
                continue
            }
            guard let first = start else { continue }
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
            // Attributes stand on lines of their own before the declaration.
            if line.hasPrefix("@"), !words.contains(where: { declarations.contains($0) }) { continue }
            start = nil
            let summary = lines[first].dropFirst(3).drop(while: \.isWhitespace)
            if words.contains(where: visible.contains), rejected.contains(String(summary.prefix(while: \.isLetter))) {
                found.append((first + 1, String(summary)))
            }
        }
        return found
    }
}
