/// Where two runs that should be the same part ways, by the digests of the steps that both have.
public struct RunDivergence: Sendable, Equatable {
    /// Steps that both runs have.
    public var steps = 0
    /// The first step whose digests differ, and the digests; nil where a line is gone.
    public var first: Difference?

    public struct Difference: Sendable, Equatable {
        public var step: Int
        public var digests: [String?]

        public init(step: Int, digests: [String?]) { (self.step, self.digests) = (step, digests) }
    }

    /// Every step is looked at up to the first that differs: runs that differ at one step may agree at a later one, where a
    /// process was lost or a run was put together of others, so that halving would miss the first.
    /// - Parameter index: opens a run's index.
    public init(_ first: RunDirectory, _ second: RunDirectory, index: (RunDirectory) -> MetricsIndex = { MetricsIndex($0) }) {
        var one = StepDigests(first, index(first))
        var other = StepDigests(second, index(second))
        var (a, b) = (0, 0)
        while a < one.steps.count, b < other.steps.count {
            let (step, against) = (one.steps[a], other.steps[b])
            if step == against {
                steps += 1
                if self.first == nil {
                    let digests = [one.digest(at: a), other.digest(at: b)]
                    if digests[0] != digests[1] { self.first = Difference(step: step, digests: digests) }
                }
            }
            if step <= against { a += 1 }
            if against <= step { b += 1 }
        }
    }
}
