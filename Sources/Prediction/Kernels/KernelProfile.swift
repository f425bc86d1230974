import NeuralNetwork
public import Partition

/// Kernel times of one column, measured in steps of a real run. Predictions are based on them.
///
/// The columns of a network are alike, so one column's times apply to all. Where columns differ, as in fully connected outputs that
/// split unevenly, times are scaled by the number of operations. Each kernel has several times: a kernel that is slow now and then
/// makes others wait, so means alone would predict too few waits.
public struct KernelProfile: Codable, Sendable, Equatable {
    /// A computation without its column.
    public struct Work: Codable, Sendable, Hashable {
        public enum Kind: String, Codable, Sendable {
            case output, stages, loss, stages_gradient, input_gradient, sum_gradients, parameter_gradient
        }

        public let layer: Int
        public let kind: Kind
        /// Whether its source is its own column.
        public let isOwn: Bool
        /// Whether it is the last part of an output, which the activation follows.
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
        /// The measured times.
        public let seconds: [Double]
        /// Multiplications and additions of the measured kernel; the mean if they differ.
        public let flops: Double
    }

    /// Measurements of a run.
    public struct Observation: Sendable {
        public var times: [(computation: Computation, seconds: Double)] = []
        /// Seconds of a step outside kernels and waits.
        public var overhead = 0.0
        /// Seconds of the store's update of one parameter.
        public var updateSeconds = 0.0
        /// Bytes of a worker's private memory for each column that it hosts.
        public var columnBytes = 0

        public init() {}
    }

    /// A description of where the times come from.
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

    /// The largest number of times stored for each kernel.
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
            let seconds = entry.seconds.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
            return Entry(work: work, seconds: seconds, flops: entry.flops)
        }
        self.basis = basis
        (overhead, updateSeconds, columnBytes) = (observation.overhead, observation.updateSeconds, observation.columnBytes)
    }

    /// The mean kernel time of one column's pass, in seconds.
    public var passSeconds: Double { entries.reduce(0) { $0 + $1.seconds.reduce(0, +) / Double($1.seconds.count) } }
}

extension KernelProfile: KernelTimes {
    public var usesCores: Bool { true }

    /// - Throws: `NetworkError` if the profile lacks one of the program's kernels, because it belongs to another network.
    public func times(of program: WorkerProgram) throws -> [[Double]] {
        let known = Dictionary(entries.map { ($0.work, $0) }) { first, _ in first }
        return try program.instructions.map { instruction in
            guard case .compute(let computation) = instruction else { return [] }
            // A worker computes the loss once, with its first column.
            if computation.kind == .loss, computation.column != program.columns.lowerBound { return [] }
            guard let entry = known[Work(computation)], !entry.seconds.isEmpty else {
                throw NetworkError("the measured kernel times belong to another network; measure again with plan --measure")
            }
            let scale = entry.flops > 0 ? computation.flops / entry.flops : 1
            return entry.seconds.map { $0 * scale }
        }
    }
}
