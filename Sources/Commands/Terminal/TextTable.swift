/// A table of text that fits a terminal: where it is too wide, columns are left out, and then names are shortened.
package struct TextTable: Sendable {
    package struct Column: Sendable {
        package var title: String
        /// Columns with a rank are left out where the table is too wide, the highest rank first.
        package var rank: Int?
        package var isLeft: Bool

        package init(_ title: String, rank: Int? = nil, isLeft: Bool = false) {
            (self.title, self.rank, self.isLeft) = (title, rank, isLeft)
        }
    }

    private let columns: [Column]
    private let rows: [[String]]
    private static let gap = 2
    /// The fewest characters to which a cell is shortened.
    private static let shortest = 6

    /// - Parameter rows: a cell for each column. The first column is aligned to the left.
    package init(_ columns: [Column], _ rows: [[String]]) { (self.columns, self.rows) = (columns, rows) }

    /// - Parameters:
    ///   - width: the terminal's columns; nil leaves the table as wide as it is.
    ///   - paint: returns a cell with its color, by row (the titles are row -1) and column. Colors do not count towards the width.
    package func text(width: Int? = nil, ellipsis: String = "…", paint: (String, Int, Int) -> String = { text, _, _ in text }) -> String {
        let all = [columns.map(\.title)] + rows
        var widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        var shown = Array(columns.indices)
        func excess() -> Int {
            guard let width else { return 0 }
            return shown.reduce(0) { $0 + widths[$1] } + Self.gap * (shown.count - 1) - width
        }
        while excess() > 0, let last = shown.filter({ columns[$0].rank != nil }).max(by: { columns[$0].rank! < columns[$1].rank! }) {
            shown.removeAll { $0 == last }
        }
        // The widest column on the left has names.
        while excess() > 0, let longest = shown.filter({ isLeft($0) }).max(by: { widths[$0] < widths[$1] }), widths[longest] > Self.shortest
        {
            widths[longest] = max(Self.shortest, widths[longest] - excess())
        }
        return all.enumerated().map { number, row in
            shown.map { column in
                let cell = Self.shortened(row[column], to: widths[column], ellipsis)
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                let painted = paint(cell, number - 1, column)
                return isLeft(column) ? painted + padding : padding + painted
            }.joined(separator: String(repeating: " ", count: Self.gap)).trimmingEnd()
        }.joined(separator: "\n")
    }

    private func isLeft(_ column: Int) -> Bool { column == 0 || columns[column].isLeft }

    /// Shortens in the middle, because names often differ at their end.
    private static func shortened(_ text: String, to width: Int, _ ellipsis: String) -> String {
        guard text.count > width else { return text }
        let kept = max(0, width - ellipsis.count)
        return String(text.prefix(kept - kept / 2)) + ellipsis + String(text.suffix(kept / 2))
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
