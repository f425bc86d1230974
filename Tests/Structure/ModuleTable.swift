import Foundation

/// The table of modules in docs/architecture.md: what each module may import. Rows are ordered from top to bottom.
struct ModuleTable {
    /// The modules that each module may import.
    private(set) var allowed: [String: Set<String>] = [:]
    /// Sentences about rows that permit what the order of rows forbids.
    private(set) var problems: [String] = []

    /// Reads the first table whose head is "module | is | imports".
    init(_ markdown: String) {
        var rows: [(modules: [String], imports: String)] = []
        var isInside = false
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard isInside else {
                isInside = cells == ["module", "is", "imports"]
                continue
            }
            guard cells.count == 3 else { break }
            if !cells[0].allSatisfy({ $0 == "-" }) { rows.append((Self.names(cells[0]), cells[2])) }
        }
        for (index, row) in rows.enumerated() {
            let below = Set(rows[(index + 1)...].flatMap(\.modules))
            let listed = row.imports == "all below" ? below : row.imports == "–" ? [] : Set(Self.names(row.imports))
            for module in row.modules {
                allowed[module] = listed.intersection(below)
                problems += listed.subtracting(below).sorted().map { "\(module) lists \($0), which is not below it" }
            }
        }
    }

    private static func names(_ cell: String) -> [String] {
        cell.split(separator: ",").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
    }
}
