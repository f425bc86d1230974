import Foundation

/// Formats figures for people. Everything that prints a figure uses these functions, so that it looks the same everywhere.
public enum FigureText {
    /// The words for a figure that is not a number.
    private static let notANumber = "not a number"

    private static func special(_ value: Double) -> String? {
        value.isNaN ? notANumber : value.isInfinite ? value < 0 ? "-infinite" : "infinite" : nil
    }

    public static func fixed(_ value: Double, _ digits: Int) -> String { special(value) ?? String(format: "%.\(digits)f", value) }

    /// Formats with a number of significant digits, without trailing zeros: 0.01, 1.5, 1e-06, 1.568e+20.
    public static func number(_ value: Double, digits: Int = 4) -> String { special(value) ?? String(format: "%.\(digits)g", value) }

    /// Formats a loss: with four decimals, or with four digits and a power of ten where the decimals would show nothing, or digits that
    /// mean nothing.
    public static func loss(_ value: Double) -> String {
        let size = abs(value)
        return size == 0 || (0.001..<100_000).contains(size) ? fixed(value, 4) : special(value) ?? String(format: "%.3e", value)
    }

    /// Formats a learning rate as the settings state it. Rates are 32-bit numbers.
    public static func learningRate(_ value: Double) -> String { special(value) ?? "\(Float(value))" }

    /// Formats images per second.
    public static func rate(_ value: Double) -> String {
        abs(value) < 1e7 ? fixed(value, abs(value) < 1000 ? 1 : 0) : number(value)
    }

    /// Formats a fraction as a percentage.
    public static func percent(_ value: Double) -> String { special(value) ?? String(format: "%.2f %%", value * 100) }

    /// Formats the errors of a validation. Of five classes or fewer, the right one is always among the five best, so that the second figure
    /// would say nothing.
    /// - Parameter classes: nil if it is unknown.
    public static func errors(top1: Double, top5: Double, classes: Int?) -> String {
        let first = "top-1 error \(percent(top1))"
        return showsTop5(classes: classes) ? "\(first), top-5 error \(percent(top5))" : first
    }

    /// Whether a top-5 error says anything.
    public static func showsTop5(classes: Int?) -> Bool { classes.map { $0 > 5 } ?? true }

    /// Formats a prediction beside what was measured: 738.9, 39.7 % above the measured 529.0.
    public static func prediction(_ predicted: Double, measured: Double) -> String {
        let error = predicted / measured - 1
        return "\(rate(predicted)), \(fixed(abs(error) * 100, 1)) % \(error < 0 ? "below" : "above") the measured \(rate(measured))"
    }

    /// Formats seconds as 12 s, 3 min 20 s or 2 h 5 min.
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    /// Formats an age in seconds as 12 s, 3 min, 2 h or 5 d.
    public static func age(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e15 else { return "?" }
        let whole = max(0, Int(seconds))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min" }
        return whole < 48 * 3600 ? "\(whole / 3600) h" : "\(whole / 86400) d"
    }

    /// Formats an integer with separators, as in 12,345,678.
    public static func grouped(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    public static func bytes(_ count: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var (value, unit) = (Double(count), 0)
        while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return unit == 0 ? "\(count) B" : "\(fixed(value, 1)) \(units[unit])"
    }
}
