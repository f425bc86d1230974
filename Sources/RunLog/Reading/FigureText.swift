import Foundation

/// Formats figures for people.
public enum FigureText {
    public static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    /// Formats a fraction as a percentage.
    public static func percent(_ value: Double) -> String { String(format: "%.2f %%", value * 100) }

    /// Formats seconds as 12 s, 3 min 20 s or 2 h 5 min.
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
}
