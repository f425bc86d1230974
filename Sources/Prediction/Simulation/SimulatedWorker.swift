import NeuralNetwork
import Partition

/// A worker in a simulation: its program, what has arrived for it, and how it spent its time.
struct SimulatedWorker {
    enum Operation {
        /// A kernel, with its possible times in seconds; none for an instruction that computes nothing.
        case compute([Double])
        case send(to: Int, slab: Int, bytes: Double)
        case receive(Int)
        case push(Int)
        case pull(Int)
    }

    enum Wait { case exchange, store }

    private let operations: [Operation]
    /// For each slice of a step, whether it completes a contribution, which is then pushed.
    private let completions: [Bool]
    private(set) var position = 0
    /// The number of completed passes.
    private(set) var passes = 0
    /// Seconds by which messages on its cores delay its next computation.
    private var delay = 0.0
    private var blockedSince: Double?
    /// The number of passes for which a slab has arrived, by slab.
    private var slabs: [Int]
    /// The number of updates from which a value has arrived, by key.
    private var values: [Int: Int] = [:]
    private(set) var (computing, exchangeWait, storeWait) = (0.0, 0.0, 0.0)
    private var beginsStep = true
    /// The time at which each step ended.
    private(set) var ends: [Double] = []

    private init(operations: [Operation], completions: [Bool], slabs: Int) {
        (self.operations, self.completions) = (operations, completions)
        self.slabs = Array(repeating: 0, count: slabs)
    }

    /// Creates the workers of a run.
    /// - Parameters:
    ///   - programs: each worker's program.
    ///   - keys: the numbers of the parameter blocks.
    static func all(
        of plan: PlannedRun, _ programs: [WorkerProgram], _ times: any KernelTimes, _ tree: GradientTree, keys: [ParameterBlock.Key: Int]
    ) throws -> [SimulatedWorker] {
        let (recipe, hosts, residents) = (plan.configuration.recipe, plan.cluster.hosts, plan.residents)
        var slabs: [[Slab: Int]] = programs.map { _ in [:] }
        for (rank, program) in programs.enumerated() {
            for case .receive(let slab, _) in program.instructions where slabs[rank][slab] == nil { slabs[rank][slab] = slabs[rank].count }
        }
        return try programs.enumerated().map { rank, program in
            let host = plan.placement[rank]
            // If a host has more threads than cores, each thread gets only a share of a core.
            let threadsPerCore = Double(residents[host].count * recipe.threads) / Double(hosts[host].cores)
            let speed = hosts[host].speed / (times.usesCores ? max(1, threadsPerCore) : 1)
            let operations = zip(program.instructions, try times.times(of: program)).map { instruction, seconds -> Operation in
                switch instruction {
                case .compute: .compute(seconds.map { $0 / speed })
                case .send(let slab, let to):
                    .send(to: to, slab: slabs[to][slab]!, bytes: Double(program.bytes(slab, recipe.exchangedElements)))
                case .receive(let slab, _): .receive(slabs[rank][slab]!)
                case .push(let key): .push(keys[key]!)
                case .pull(let key): .pull(keys[key]!)
                }
            }
            return SimulatedWorker(
                operations: operations, completions: tree.plans(of: plan.layout.replica(of: rank)).map { $0.completes != nil },
                slabs: slabs[rank].count)
        }
    }

    var operation: Operation { operations[position] }
    var isBlocked: Bool { blockedSince != nil }
    /// Whether the slice of the current pass completes a contribution.
    var completesContribution: Bool { completions[passes % completions.count] }

    func hasSlab(_ slab: Int) -> Bool { slabs[slab] > passes }
    /// Returns whether the values of the step before have arrived.
    func hasValue(_ key: Int) -> Bool { values[key] ?? 0 >= passes / completions.count }
    mutating func receiveSlab(_ slab: Int) { slabs[slab] += 1 }
    mutating func receiveValue(_ key: Int) { values[key, default: 0] += 1 }

    /// Adds to the time of the next computation.
    mutating func postpone(by seconds: Double) { delay += seconds }

    /// Begins a kernel of some seconds.
    /// - Parameter overhead: seconds of a step outside kernels, which a step's first computation includes.
    /// - Returns: seconds until it is done.
    mutating func compute(_ seconds: Double, overhead: Double) -> Double {
        var duration = seconds + delay
        delay = 0
        if beginsStep { duration += overhead }
        beginsStep = false
        computing += duration
        return duration
    }

    /// Notes that the worker waits.
    mutating func block(at now: Double) { if blockedSince == nil { blockedSince = now } }

    /// Ends a wait, and counts its time as one of the two kinds of waiting.
    mutating func unblock(at now: Double, _ wait: Wait) {
        guard let since = blockedSince else { return }
        switch wait {
        case .exchange: exchangeWait += now - since
        case .store: storeWait += now - since
        }
        blockedSince = nil
    }

    /// Moves on to the next instruction.
    /// - Returns: whether that ends a step.
    mutating func advance(at now: Double) -> Bool {
        position += 1
        guard position == operations.count else { return false }
        position = 0
        passes += 1
        guard passes % completions.count == 0 else { return false }
        ends.append(now)
        beginsStep = true
        return true
    }

    /// Forgets how the time was spent so far.
    mutating func resetTimes() { (computing, exchangeWait, storeWait) = (0, 0, 0) }
}
