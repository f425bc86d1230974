import ArgumentParser
import NeuralNetwork

/// A number with a unit, as people write it.
package enum Quantity {
    /// Bytes a second: `10Gbit/s`, `1.25GB/s`, `100Mbit`.
    /// - Returns: nil for what is none.
    package static func bandwidth(_ text: String) -> Double? {
        let units: [(String, Double)] = [
            ("tbit", 125e9), ("gbit", 125e6), ("mbit", 125e3), ("kbit", 125), ("tb", 1e12), ("gb", 1e9), ("mb", 1e6), ("kb", 1e3),
        ]
        var text = text.lowercased().filter { $0 != " " }
        if text.hasSuffix("/s") { text.removeLast(2) }
        return number(text, units).flatMap { (1...1e15).contains($0) ? $0 : nil }
    }

    /// Seconds: `50us`, `0.2ms`, `1s`.
    /// - Returns: nil for what is none.
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

/// Bytes a second, as an option.
struct Bandwidth: ExpressibleByArgument {
    let bytesPerSecond: Double

    init?(argument: String) {
        guard let value = Quantity.bandwidth(argument) else { return nil }
        bytesPerSecond = value
    }

    func arguments(_ option: String) -> [String] { [option, "\(bytesPerSecond / 1e9)GB/s"] }
}

/// Seconds, as an option.
struct Latency: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        guard let value = Quantity.time(argument) else { return nil }
        seconds = value
    }

    func arguments(_ option: String) -> [String] { [option, "\(seconds)s"] }
}
