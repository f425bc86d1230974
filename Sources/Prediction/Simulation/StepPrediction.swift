/// The predicted duration of a layout's steps in steady state, and where the time goes.
public struct StepPrediction: Sendable, Equatable {
    public struct Worker: Sendable, Equatable {
        public let rank: Int
        public let host: Int
        /// Share of the step, from 0 to 1, that is spent computing.
        public let computing: Double
        /// Share of the step spent waiting for other workers' activations and gradients.
        public let exchangeWait: Double
        /// Share of the step spent waiting for parameter values.
        public let storeWait: Double
        /// Bytes of private memory.
        public let bytes: Int
    }

    /// A host's connection to the other hosts.
    public struct Link: Sendable, Equatable {
        public let host: Int
        /// Bytes sent in a step.
        public let bytesOut: Double
        /// Bytes received in a step.
        public let bytesIn: Double
        /// Share of the bandwidth used in the busier direction, from 0 to 1.
        public let share: Double
    }

    public struct Store: Sendable, Equatable {
        public let host: Int
        /// Share of the step, from 0 to 1, in which the store updates parameters.
        public let share: Double
        /// Bytes of values, momenta and gradients.
        public let bytes: Int
    }

    /// Seconds of a step.
    public let seconds: Double
    public let imagesPerSecond: Double
    public let workers: [Worker]
    public let links: [Link]
    public let stores: [Store]

    /// The workers' mean share of waiting for other workers.
    public var exchangeWait: Double { workers.reduce(0) { $0 + $1.exchangeWait } / Double(max(1, workers.count)) }
    /// The workers' mean share of waiting for parameter values.
    public var storeWait: Double { workers.reduce(0) { $0 + $1.storeWait } / Double(max(1, workers.count)) }
    /// The workers' mean share of computing.
    public var computing: Double { workers.reduce(0) { $0 + $1.computing } / Double(max(1, workers.count)) }
}
