/// status.json: what everybody is at, written anew about once a second while a run goes on.
public struct RunStatus: Codable, Sendable, Equatable {
    public struct Share: Codable, Sendable, Equatable {
        /// Fractions of the last steps' time; they add up to 1.
        public var computing: Double
        /// Waiting for other workers' activations and gradients.
        public var exchanging: Double
        /// Waiting for the parameter store.
        public var waiting: Double
        /// Waiting for pictures.
        public var loading: Double

        public init(computing: Double, exchanging: Double, waiting: Double, loading: Double) {
            (self.computing, self.exchanging, self.waiting, self.loading) = (computing, exchanging, waiting, loading)
        }
    }

    /// Seconds that the coordinator's clock is ahead of the process's, and how far that may be off.
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
        /// Of a worker, those that it computes; of a store, those that it keeps.
        public var columns: [Int]
        public var phase: String
        /// What it computes, sends or waits for, in words.
        public var instruction: String
        public var step: Int
        /// Since it began with that, and what it usually takes at most; 0 without a history.
        public var for_seconds: Double
        public var usual_seconds: Double
        /// Since it was last heard of.
        public var silent_seconds: Double
        /// Of workers that have reported a step.
        public var share: Share?
        /// Bytes that it holds; nil before it has said.
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
    /// The last step that was committed.
    public var step: Int
    /// Raised by every loss and every change of layout.
    public var attempt: Int
    public var images_per_second: Double?
    public var processes: [Process]

    public init(time: String, step: Int, attempt: Int, imagesPerSecond: Double?, processes: [Process]) {
        (self.time, self.step, self.attempt, images_per_second) = (time, step, attempt, imagesPerSecond)
        self.processes = processes
    }
}
