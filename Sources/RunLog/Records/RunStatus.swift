/// The content of status.json: the activity of every process. It is rewritten about once a second while a run is active.
public struct RunStatus: Codable, Sendable, Equatable {
    public struct Share: Codable, Sendable, Equatable {
        /// Computing, as a fraction of the time of the last steps. The four fractions add up to 1.
        public var computing: Double
        /// Waiting for activations and gradients of other workers.
        public var exchanging: Double
        /// Waiting for the parameter store.
        public var waiting: Double
        /// Waiting for images.
        public var loading: Double

        public init(computing: Double, exchanging: Double, waiting: Double, loading: Double) {
            (self.computing, self.exchanging, self.waiting, self.loading) = (computing, exchanging, waiting, loading)
        }
    }

    /// The seconds by which the coordinator's clock is ahead of the process's, and their uncertainty.
    public struct Clock: Codable, Sendable, Equatable {
        public var offset: Double
        public var uncertainty: Double

        public init(offset: Double, uncertainty: Double) { (self.offset, self.uncertainty) = (offset, uncertainty) }
    }

    public struct Process: Codable, Sendable, Equatable {
        public var role: String
        public var rank: Int
        public var host: String
        public var process: Int
        /// The columns that a worker computes, or whose parameters a store keeps.
        public var columns: [Int]
        public var phase: String
        /// A description of what it computes, sends or waits for.
        public var instruction: String
        public var step: Int
        /// The seconds since it began the instruction.
        public var for_seconds: Double
        /// The upper bound of the instruction's usual duration in seconds; 0 without a history.
        public var usual_seconds: Double
        /// The seconds since its last message.
        public var silent_seconds: Double
        /// The shares of its time, for workers that have reported a step.
        public var share: Share?
        /// The bytes that it has allocated; nil before its first report.
        public var bytes: Int?
        public var clock: Clock?

        public init(
            role: String, rank: Int, host: String, process: Int, columns: [Int], phase: String, instruction: String, step: Int,
            forSeconds: Double, usualSeconds: Double, silentSeconds: Double, share: Share?, bytes: Int?, clock: Clock?
        ) {
            (self.role, self.rank, self.host, self.process, self.columns) = (role, rank, host, process, columns)
            (self.phase, self.instruction, self.step, for_seconds) = (phase, instruction, step, forSeconds)
            (usual_seconds, silent_seconds, self.share, self.bytes) = (usualSeconds, silentSeconds, share, bytes)
            self.clock = clock
        }
    }

    public var time: String
    /// The last committed step.
    public var step: Int
    /// Incremented by every failure and every change of layout.
    public var attempt: Int
    public var images_per_second: Double?
    public var processes: [Process]
    /// Why nothing is trained at the moment, and what would continue the run; nil while it trains.
    public var pause: String?

    public init(time: String, step: Int, attempt: Int, imagesPerSecond: Double?, processes: [Process]) {
        (self.time, self.step, self.attempt, images_per_second) = (time, step, attempt, imagesPerSecond)
        self.processes = processes
    }
}
