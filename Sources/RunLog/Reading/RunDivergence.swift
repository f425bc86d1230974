/// The first difference of two runs that should be equal, by the digests of their common steps.
public struct RunDivergence: Sendable, Equatable {
    /// The number of steps that both runs have.
    public var steps = 0
    /// The first step whose digests differ; nil if there is none.
    public var first: Difference?

    public struct Difference: Sendable, Equatable {
        public var step: Int
        /// The digests of both runs; nil if a line is gone.
        public var digests: [String?]

        public init(step: Int, digests: [String?]) { (self.step, self.digests) = (step, digests) }
    }

    /// Compares every step up to the first that differs. Bisection could miss it: runs that differ at one step may agree at a
    /// later one, after a process failed or when a run was assembled from others.
    /// - Parameter index: opens the index of a run.
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
