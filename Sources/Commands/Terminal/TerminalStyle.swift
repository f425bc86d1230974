import Foundation
import Glibc

/// The terminal's capabilities, according to its environment.
package struct TerminalStyle: Sendable, Equatable {
    package enum Color: Int, Sendable { case red = 31, green = 32, yellow = 33, blue = 34, magenta = 35, cyan = 36 }

    package var hasColor: Bool
    package var hasUnicode: Bool

    /// The style of stdout.
    static let output = TerminalStyle(isTerminal: isatty(1) != 0, environment: ProcessInfo.processInfo.environment)

    /// - Parameter environment: `NO_COLOR` and `TERM=dumb` turn colours off; the locale tells whether characters beyond
    ///   ASCII can be shown.
    package init(isTerminal: Bool, environment: [String: String]) {
        func isSet(_ name: String) -> Bool { !(environment[name] ?? "").isEmpty }
        hasColor = isTerminal && !isSet("NO_COLOR") && isSet("TERM") && environment["TERM"] != "dumb"
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].first(where: isSet).flatMap { environment[$0] } ?? ""
        hasUnicode = ["utf-8", "utf8"].contains { locale.lowercased().contains($0) }
    }

    package func paint(_ text: String, _ color: Color?) -> String {
        guard hasColor, let color else { return text }
        return "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m"
    }

    package func sparkline(_ values: [Double], width: Int) -> String {
        Sparkline(values, width: width).text(hasUnicode ? .blocks : .plain)
    }
}
