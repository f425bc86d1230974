import ArgumentParser
import Settings

/// A bandwidth given as an option.
struct Bandwidth: ExpressibleByArgument {
    let bytesPerSecond: Double

    init?(argument: String) {
        guard let value = Quantity.bandwidth(argument) else { return nil }
        bytesPerSecond = value
    }
}

/// A latency given as an option.
struct Latency: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        guard let value = Quantity.time(argument) else { return nil }
        seconds = value
    }
}
