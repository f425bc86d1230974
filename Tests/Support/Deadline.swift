import Glibc

/// Waiting that ends: a test whose condition never holds fails instead of hanging.
package enum Deadline {
    package struct Exceeded: Error, CustomStringConvertible { package let description: String }

    /// The usual limit in seconds. It is only for conditions that never hold, so it is far above what slow machines need.
    package static let usual = Sanitizer.isAbsent ? 600.0 : 3600.0

    /// Waits until a condition holds.
    /// - Parameters:
    ///   - what: what is waited for, for the error.
    ///   - microseconds: the pause between two checks.
    /// - Throws: `Exceeded` if the condition does not hold in time.
    package static func wait(
        for what: @autoclosure () -> String, within seconds: Double = usual, every microseconds: UInt32 = 5_000,
        until condition: () throws -> Bool
    ) throws {
        _ = try value(what(), within: seconds, every: microseconds) { () -> Bool? in try condition() ? true : nil }
    }

    /// Waits until there is a value.
    /// - Throws: `Exceeded` if there is none in time.
    package static func value<Value>(
        _ what: @autoclosure () -> String, within seconds: Double = usual, every microseconds: UInt32 = 5_000, _ body: () throws -> Value?
    ) throws -> Value {
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        while true {
            if let value = try body() { return value }
            guard ContinuousClock.now < end else { throw Exceeded(description: "waited \(seconds) seconds in vain for \(what())") }
            usleep(microseconds)
        }
    }
}
