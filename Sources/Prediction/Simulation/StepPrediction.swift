/// What a layout's steps are predicted to take, once they follow each other.
public struct StepPrediction: Sendable, Equatable {
    public struct Worker: Sendable, Equatable {
        public let rank: Int
        public let host: Int
        /// Shares of the step.
        public let computing: Double
        public let exchangeWait: Double
        public let storeWait: Double
        /// Memory of its own.
        public let bytes: Int
    }

    /// A host's connection to the others.
    public struct Link: Sendable, Equatable {
        public let host: Int
        /// In a step.
        public let bytesOut: Double
        public let bytesIn: Double
        /// Of the step, in which it carries something, the busier way.
        public let share: Double
    }

    public struct Store: Sendable, Equatable {
        public let host: Int
        /// Of the step, in which it updates.
        public let share: Double
        /// Values, momenta and gradients.
        public let bytes: Int
    }

    public let seconds: Double
    public let imagesPerSecond: Double
    public let workers: [Worker]
    public let links: [Link]
    public let stores: [Store]

    /// Of the workers' time, for others' activations.
    public var exchangeWait: Double { workers.reduce(0) { $0 + $1.exchangeWait } / Double(max(1, workers.count)) }
    /// Of the workers' time, for values.
    public var storeWait: Double { workers.reduce(0) { $0 + $1.storeWait } / Double(max(1, workers.count)) }
    public var computing: Double { workers.reduce(0) { $0 + $1.computing } / Double(max(1, workers.count)) }
}
