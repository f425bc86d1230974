import NeuralNetwork
public import Partition

/// How long the kernels of one column took in steps of a real run, which is what predictions are made from. The columns of a network
/// are alike, so one column's times stand for all: what differs (a fully connected output that splits unevenly) goes by its operations.
///
/// Several times are kept of each kernel. Kernels that take longer now and then make others wait, so that a mean alone would
/// predict too few waits.
public struct KernelProfile: Codable, Sendable, Equatable {
    /// A computation, but for which column it is of.
    public struct Work: Codable, Sendable, Hashable {
        public enum Kind: String, Codable, Sendable {
            case output, stages, loss, stages_gradient, input_gradient, sum_gradients, parameter_gradient
        }

        public let layer: Int
        public let kind: Kind
        /// Whether it reads, or is for, the column's own part.
        public let isOwn: Bool
        /// Whether it is the last part of a sum, which the activation follows.
        public let isLast: Bool

        private enum CodingKeys: String, CodingKey {
            case layer, kind
            case isOwn = "own"
            case isLast = "last"
        }

        public init(_ computation: Computation) {
            layer = computation.layer
            (kind, isOwn, isLast) =
                switch computation.kind {
                case .output(let source, _, let last): (.output, source == computation.column, last)
                case .stages: (.stages, true, true)
                case .loss: (.loss, true, true)
                case .stagesGradient: (.stages_gradient, true, true)
                case .inputGradient(let source): (.input_gradient, source == computation.column, true)
                case .sumGradients: (.sum_gradients, true, true)
                case .parameterGradient(let source): (.parameter_gradient, source == computation.column, true)
                }
        }
    }

    public struct Entry: Codable, Sendable, Equatable {
        public let work: Work
        /// One for each time that it was seen.
        public let seconds: [Double]
        /// Multiplications and additions of what was timed.
        public let flops: Double
    }

    /// What was seen of a run.
    public struct Observation: Sendable {
        public var times: [(computation: Computation, seconds: Double)] = []
        /// Of a step, beside kernels and waits.
        public var overhead = 0.0
        /// Of the store's update, for one parameter.
        public var updateSeconds = 0.0
        /// Memory of a worker's own, for each column that it hosts.
        public var columnBytes = 0

        public init() {}
    }

    /// Where the times come from, for people.
    public let basis: String
    public let entries: [Entry]
    public let overhead: Double
    public let updateSeconds: Double
    public let columnBytes: Int

    private enum CodingKeys: String, CodingKey {
        case basis, entries, overhead
        case updateSeconds = "update_seconds"
        case columnBytes = "column_bytes"
    }

    /// What is kept of each kernel.
    private static let limit = 64

    public init(basis: String, _ observation: Observation) {
        var found: [Work: (seconds: [Double], flops: Double)] = [:]
        var order: [Work] = []
        for (computation, seconds) in observation.times {
            let work = Work(computation)
            if found[work] == nil { order.append(work) }
            var entry = found[work] ?? ([], 0)
            entry.flops = (entry.flops * Double(entry.seconds.count) + computation.flops) / Double(entry.seconds.count + 1)
            entry.seconds.append(seconds)
            found[work] = entry
        }
        entries = order.map { work in
            let entry = found[work]!
            let stride = (entry.seconds.count + Self.limit - 1) / Self.limit
            return Entry(work: work, seconds: entry.seconds.enumerated().filter { $0.offset % stride == 0 }.map(\.element), flops: entry.flops)
        }
        self.basis = basis
        (overhead, updateSeconds, columnBytes) = (observation.overhead, observation.updateSeconds, observation.columnBytes)
    }

    /// Of a pass of one column, on the average.
    public var passSeconds: Double { entries.reduce(0) { $0 + $1.seconds.reduce(0, +) / Double($1.seconds.count) } }
}

extension KernelProfile: KernelTimes {
    public var usesCores: Bool { true }

    /// - Throws: where nothing like it was timed: the profile is another network's.
    public func times(of program: WorkerProgram) throws -> [[Double]] {
        let known = Dictionary(entries.map { ($0.work, $0) }) { first, _ in first }
        return try program.instructions.map { instruction in
            guard case .compute(let computation) = instruction else { return [] }
            // The loss is computed once, by the first column that a worker hosts.
            if computation.kind == .loss, computation.column != program.columns.lowerBound { return [] }
            guard let entry = known[Work(computation)], !entry.seconds.isEmpty else {
                throw NetworkError("the measured kernels are another network's: measure again with plan --measure")
            }
            let scale = entry.flops > 0 ? computation.flops / entry.flops : 1
            return entry.seconds.map { $0 * scale }
        }
    }
}
