import Foundation

/// Formats and parses the timestamps of a run's files: ISO 8601 in UTC, `2026-01-31T12:00:00.123456Z`. They sort as text.
public enum Timestamp {
    /// - Parameters:
    ///   - seconds: Seconds since 1970.
    ///   - digits: The number of decimal places, 0 to 6.
    public static func text(_ seconds: Double, digits: Int = 3) -> String {
        // A wrong system clock must not crash the program.
        let bounded = min(max(seconds, 0), 250_000_000_000)
        let scale = [1.0, 10, 100, 1e3, 1e4, 1e5, 1e6][min(max(digits, 0), 6)]
        let ticks = (bounded * scale).rounded(.down)
        var whole = time_t(ticks / scale)
        var parts = tm()
        gmtime_r(&whole, &parts)
        let date = String(
            format: "%04d-%02d-%02dT%02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
            parts.tm_min, parts.tm_sec)
        guard scale > 1 else { return date + "Z" }
        let fraction = String(Int(ticks - Double(whole) * scale))
        return "\(date).\(String(repeating: "0", count: max(0, digits - fraction.count)))\(fraction)Z"
    }

    /// Returns the seconds since 1970; nil if the text is not a timestamp.
    public static func seconds(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 32, bytes.last == UInt8(ascii: "Z"), bytes[4] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T")
        else { return nil }
        func number(_ range: Range<Int>) -> Int32? { Int32(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19)
        else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        let fraction = bytes.count > 20 ? Double("0" + String(decoding: bytes[19..<(bytes.count - 1)], as: UTF8.self)) : 0
        return fraction.map { Double(timegm(&parts)) + $0 }
    }
}
