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

    /// The columns of the terminal on stdout; nil if it is none.
    static var width: Int? {
        var size = winsize()
        guard isInteractive, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return nil }
        return Int(size.ws_col)
    }

    /// Figures are formatted by `FigureText`; these are its most used functions.
    static func duration(_ seconds: Double) -> String { FigureText.duration(seconds) }
    static func fixed(_ value: Double, _ digits: Int) -> String { FigureText.fixed(value, digits) }
    static func percent(_ value: Double) -> String { FigureText.percent(value) }
    static func grouped(_ value: Int) -> String { FigureText.grouped(value) }
    static func bytes(_ count: Int) -> String { FigureText.bytes(count) }

    /// Aligns columns: the first to the left, the others to the right.
    /// - Parameter rows: the titles, then the cells.
    static func table(_ rows: [[String]]) -> String {
        guard let titles = rows.first else { return "" }
        return TextTable(titles.map { .init($0) }, Array(rows.dropFirst())).text()
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
