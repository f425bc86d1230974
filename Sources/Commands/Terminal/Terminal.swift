import Foundation
import Glibc
import Platform
import RunLog

/// Writes messages for the user, and formats figures, tables and JSON.
enum Terminal {
    static var isInteractive: Bool { isatty(1) != 0 }

    static func error(_ message: String) {
        StandardError.write("colonnade: \(message)\n")
    }

    static func line(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Formats seconds as 12 s, 3 min 20 s or 2 h 5 min.
    static func duration(_ seconds: Double) -> String { FigureText.duration(seconds) }
    static func fixed(_ value: Double, _ digits: Int) -> String { FigureText.fixed(value, digits) }
    static func percent(_ value: Double) -> String { FigureText.percent(value) }

    /// Formats an integer with separators, as in 12,345,678.
    static func grouped(_ value: Int) -> String {
        var digits = Array(String(abs(value)))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    static func bytes(_ count: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var (value, unit) = (Double(count), 0)
        while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return unit == 0 ? "\(count) B" : "\(fixed(value, 1)) \(units[unit])"
    }

    /// Formats an age in seconds as 12 s, 3 min, 2 h or 5 d.
    static func age(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e15 else { return "?" }
        let whole = max(0, Int(seconds))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min" }
        return whole < 48 * 3600 ? "\(whole / 3600) h" : "\(whole / 86400) d"
    }

    /// Aligns columns: the first to the left, the others to the right.
    /// - Parameter paint: returns a cell's color by row and column. Its escape codes do not count towards the width.
    static func table(_ rows: [[String]], paint: (Int, Int) -> TerminalStyle.Color? = { _, _ in nil }) -> String {
        guard let first = rows.first else { return "" }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.enumerated().map { number, row in
            row.enumerated().map { index, cell in
                let padding = String(repeating: " ", count: widths[index] - cell.count)
                let cell = TerminalStyle.output.paint(cell, paint(number, index))
                return index == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
