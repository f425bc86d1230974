/// Parses numbers with units.
package enum Quantity {
    /// Parses a bandwidth such as `10Gbit/s`, `1.25GB/s` or `100Mbit`.
    /// - Returns: bytes per second; nil if the text is not a bandwidth.
    package static func bandwidth(_ text: String) -> Double? {
        let units: [(String, Double)] = [
            ("tbit", 125e9), ("gbit", 125e6), ("mbit", 125e3), ("kbit", 125), ("tb", 1e12), ("gb", 1e9), ("mb", 1e6), ("kb", 1e3),
        ]
        var text = text.lowercased().filter { $0 != " " }
        if text.hasSuffix("/s") { text.removeLast(2) }
        return number(text, units).flatMap { (1...1e15).contains($0) ? $0 : nil }
    }

    /// Parses a time such as `50us`, `0.2ms` or `1s`.
    /// - Returns: seconds; nil if the text is not a time of at most a minute.
    package static func time(_ text: String) -> Double? {
        number(text.lowercased().filter { $0 != " " }, [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1)])
            .flatMap { (0...60).contains($0) ? $0 : nil }
    }

    private static func number(_ text: String, _ units: [(String, Double)]) -> Double? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let value = Double(text.dropLast(unit.count)), value.isFinite else { continue }
            return value * factor
        }
        return nil
    }
}
