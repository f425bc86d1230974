public import NeuralNetwork
public import Partition
import Tensors

/// A run's configuration, layout and hosts, as input of a prediction.
public struct PlannedRun: Sendable {
    public let configuration: RunConfiguration
    public let layout: ColumnLayout
    /// The host of each worker.
    public let placement: [Int]
    public let cluster: Cluster

    /// - Parameter placement: the host of each worker; nil fills the hosts in order.
    /// - Throws: `NetworkError` if the hosts have room for fewer workers.
    public init(_ configuration: RunConfiguration, layout: ColumnLayout, cluster: Cluster, placement: [Int]? = nil) throws {
        (self.configuration, self.layout, self.cluster) = (configuration, layout, cluster)
        self.placement = try placement ?? cluster.placement(workers: layout.workers)
    }

    /// Returns the host whose store has each parameter block; every host has one store.
    public func storeHosts(of blocks: [ParameterBlock]) -> BlockPlacement {
        BlockPlacement(blocks, layout: layout, hosts: placement, store: { $0 }, otherwise: { _ in 0 })
    }
}

/// A discrete-event simulation of the workers' programs. Kernels take their measured or modelled times, tensors share the bandwidth of
/// the network, and workers wait as their programs say.
public struct StepSimulation {
    private enum Operation {
        case compute([Double])
        case send(to: Int, slab: Int, bytes: Double)
        case receive(Int)
        case push(Int)
        case pull(Int)
    }

    private enum Event {
        case resume(worker: Int)
        case slab(worker: Int, slab: Int)
        case gradient(key: Int)
        case updated(host: Int)
        case value(worker: Int, key: Int)
    }

    private struct Worker {
        var operations: [Operation] = []
        var position = 0
        /// The number of completed passes.
        var passes = 0
        /// Seconds by which messages on its cores delay its next computation.
        var delay = 0.0
        var blockedSince: Double?
        /// The number of passes for which a slab has arrived, by slab.
        var slabs: [Int] = []
        /// The number of updates from which a value has arrived, by key.
        var values: [Int: Int] = [:]
        var (computing, exchangeWait, storeWait) = (0.0, 0.0, 0.0)
        var beginsStep = true
        /// The time at which each step ended.
        var ends: [Double] = []
    }

    private struct Parameter {
        let host: Int
        /// Bytes per value sent to another host.
        let valueBytes: Double
        /// Bytes per element of a gradient from another host.
        let gradientBytes: Double
        /// The number of elements.
        let count: Double
        /// Ranks of the workers that use the block.
        let users: [Int]
        /// The number of contributions to this step's gradient that have arrived.
        var gradients = 0
    }

    private struct Store {
        var queue: [Int] = []
        var isBusy = false
        var busy = 0.0
    }

    private let plan: PlannedRun
    private let times: any KernelTimes
    private let draws = RandomDraws(seed: 1)
    /// For each replica and slice, whether the slice completes a contribution, which is then pushed.
    private let slices: [[Bool]]
    private var workers: [Worker] = []
    private var parameters: [Parameter] = []
    private var stores: [Store]
    private var fabric: Fabric
    private var queue = EventQueue<Event>()
    /// All tensors sent so far, by number: the event at arrival, the sender's and the receiver's host, and the size.
    private var tensors: [(event: Event, from: Int, to: Int, bytes: Double)] = []
    private var now = 0.0
    /// Whether all of a host's cores compute, so that messages delay its workers.
    private let isFull: [Bool]
    /// The number of contributions to each gradient.
    private let contributions: Int
    /// Ranks of the workers on each host.
    private let residents: [[Int]]
    /// The number of messages that have delayed a worker, by host.
    private var delays: [Int]
    private let programs: [WorkerProgram]
    /// The time at which the measured steps began.
    private var started = 0.0

    /// Steps until the steady state, and steps that are then measured.
    private static let (warmUp, measured) = (2, 8)

    /// Simulates some steps and returns the prediction.
    /// - Throws: `NetworkError` if the times belong to another network.
    public static func predict(_ plan: PlannedRun, _ times: any KernelTimes) throws -> StepPrediction {
        var simulation = try StepSimulation(plan, times)
        return try simulation.run()
    }

    private init(_ plan: PlannedRun, _ times: any KernelTimes) throws {
        (self.plan, self.times) = (plan, times)
        let (recipe, layout, cluster) = (plan.configuration.recipe, plan.layout, plan.cluster)
        let (type, values) = (recipe.exchangedElements, recipe.precision.elements)
        let tree = try GradientTree(slices: recipe.slices, replicas: layout.replicas)
        contributions = tree.contributions(of: layout.replicas - 1).upperBound
        slices = (0..<layout.replicas).map { tree.plans(of: $0).map { $0.completes != nil } }
        stores = cluster.hosts.map { _ in Store() }
        fabric = Fabric(cluster)
        let residents = cluster.hosts.indices.map { host in (0..<layout.workers).filter { plan.placement[$0] == host } }
        self.residents = residents
        delays = residents.map { _ in 0 }
        isFull = cluster.hosts.indices.map { times.usesCores && residents[$0].count * recipe.threads >= cluster.hosts[$0].cores }
        programs = try ProgramCompiler(
            network: plan.configuration.network, workers: layout.workers, replicas: layout.replicas, batch: recipe.sliceBatch
        ).programs()

        var keys: [ParameterBlock.Key: Int] = [:]
        let blocks = try plan.configuration.network.parameterBlocks()
        let storeHosts = plan.storeHosts(of: blocks)
        for block in blocks {
            keys[block.key] = parameters.count
            parameters.append(
                Parameter(
                    host: storeHosts[block.key]!, valueBytes: Double(block.key.kind == .weight ? values.byteCount : 4),
                    gradientBytes: Double(recipe.exchange.elements(of: block.key.kind).byteCount), count: Double(block.shape.count),
                    users: (0..<layout.replicas).map { layout.worker(of: block.key.column, replica: $0) }))
        }
        var slabs: [[Slab: Int]] = programs.map { _ in [:] }
        for (rank, program) in programs.enumerated() {
            for case .receive(let slab, _) in program.instructions where slabs[rank][slab] == nil { slabs[rank][slab] = slabs[rank].count }
        }
        for (rank, program) in programs.enumerated() {
            let host = plan.placement[rank]
            // If a host has more threads than cores, each thread gets only a share of a core.
            let threadsPerCore = Double(residents[host].count * recipe.threads) / Double(cluster.hosts[host].cores)
            let speed = cluster.hosts[host].speed / (times.usesCores ? max(1, threadsPerCore) : 1)
            let seconds = try times.times(of: program)
            var worker = Worker()
            worker.slabs = Array(repeating: 0, count: slabs[rank].count)
            worker.operations = zip(program.instructions, seconds).map { instruction, seconds in
                switch instruction {
                case .compute: .compute(seconds.map { $0 / speed })
                case .send(let slab, let to): .send(to: to, slab: slabs[to][slab]!, bytes: Double(program.bytes(slab, type)))
                case .receive(let slab, _): .receive(slabs[rank][slab]!)
                case .push(let key): .push(keys[key]!)
                case .pull(let key): .pull(keys[key]!)
                }
            }
            workers.append(worker)
        }
    }

    private mutating func run() throws -> StepPrediction {
        for worker in workers.indices { advance(worker) }
        while workers.contains(where: { $0.ends.count < Self.warmUp + Self.measured }) {
            let arrival = fabric.nextArrival
            if let arrival, arrival <= queue.nextTime ?? .infinity {
                now = arrival
                for tensor in fabric.arrivals(at: arrival) { arrived(tensor) }
            } else if let (time, event) = queue.next() {
                now = time
                handle(event)
            } else {
                throw NetworkError("the workers of this layout would wait for each other forever; use another layout")
            }
        }
        return prediction
    }

    // MARK: Workers

    private mutating func advance(_ rank: Int) {
        while true {
            let passes = slices[plan.layout.replica(of: rank)]
            let pass = workers[rank].passes
            switch workers[rank].operations[workers[rank].position] {
            case .compute(let seconds):
                guard !seconds.isEmpty else { break }
                var duration = seconds[draw(rank, pass, of: seconds.count)] + workers[rank].delay
                workers[rank].delay = 0
                // A step's first computation includes the time outside kernels.
                if workers[rank].beginsStep { duration += times.overhead / plan.cluster.hosts[plan.placement[rank]].speed }
                workers[rank].beginsStep = false
                workers[rank].computing += duration
                queue.add(.resume(worker: rank), at: now + duration)
                return
            case .send(let to, let slab, let bytes):
                send(bytes, .slab(worker: to, slab: slab), ends: [rank, to], from: plan.placement[rank], to: plan.placement[to])
            case .receive(let slab):
                guard workers[rank].slabs[slab] > pass else { return block(rank) }
                unblock(rank, \.exchangeWait)
            case .pull(let key):
                guard workers[rank].values[key] ?? 0 >= pass / passes.count else { return block(rank) }
                unblock(rank, \.storeWait)
            case .push(let key):
                if passes[pass % passes.count] {
                    let (own, host) = (plan.placement[rank], parameters[key].host)
                    if own == host {
                        queue.add(.gradient(key: key), at: now + plan.cluster.loopback.latency)
                    } else {
                        // Negative numbers identify stores, which have no rank among the workers.
                        send(
                            parameters[key].gradientBytes * parameters[key].count, .gradient(key: key), ends: [rank, -1 - host],
                            from: own, to: host)
                    }
                }
            }
            step(rank, passes: passes.count)
        }
    }

    private mutating func step(_ rank: Int, passes: Int) {
        workers[rank].position += 1
        guard workers[rank].position == workers[rank].operations.count else { return }
        workers[rank].position = 0
        workers[rank].passes += 1
        guard workers[rank].passes % passes == 0 else { return }
        workers[rank].ends.append(now)
        workers[rank].beginsStep = true
        // Only the measured steps count.
        guard workers[rank].ends.count == Self.warmUp else { return }
        (workers[rank].computing, workers[rank].exchangeWait, workers[rank].storeWait) = (0, 0, 0)
        guard workers.allSatisfy({ $0.ends.count >= Self.warmUp }) else { return }
        started = now
        fabric.resetCarried()
        for host in stores.indices { stores[host].busy = 0 }
    }

    /// Returns the index of one of a kernel's times: random, but the same in every simulation of the same run.
    private func draw(_ rank: Int, _ pass: Int, of count: Int) -> Int {
        guard count > 1 else { return 0 }
        let (word, _, _, _) = draws.words(.shuffle, UInt64(rank) << 32 | UInt64(pass), UInt64(workers[rank].position))
        return Int(word % UInt32(count))
    }

    private mutating func block(_ rank: Int) { if workers[rank].blockedSince == nil { workers[rank].blockedSince = now } }

    private mutating func unblock(_ rank: Int, _ wait: WritableKeyPath<Worker, Double>) {
        guard let since = workers[rank].blockedSince else { return }
        workers[rank][keyPath: wait] += now - since
        workers[rank].blockedSince = nil
    }

    /// Charges the cost of a message from or to another host. If all of a host's cores compute, the message delays one of its workers,
    /// each in turn. Others wait for that worker, as in a real run.
    private mutating func charge(messageOf bytes: Double, on host: Int) {
        guard isFull[host], !residents[host].isEmpty else { return }
        let delayed = residents[host][delays[host] % residents[host].count]
        delays[host] += 1
        workers[delayed].delay += bytes * plan.cluster.messages.byteSeconds + plan.cluster.messages.seconds
    }

    // MARK: Tensors in transit

    private mutating func send(_ bytes: Double, _ event: Event, ends: [Int], from: Int, to: Int) {
        if from != to { charge(messageOf: bytes, on: from) }
        fabric.send(bytes, tensor: tensors.count, ends: ends, from: from, to: to, at: now)
        tensors.append((event, from, to, bytes))
    }

    private mutating func arrived(_ tensor: Int) {
        let (event, from, to, bytes) = tensors[tensor]
        if from != to { charge(messageOf: bytes, on: to) }
        let hosts = plan.cluster.hosts
        queue.add(event, at: now + (from == to ? plan.cluster.loopback.latency : hosts[from].latency + hosts[to].latency))
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .resume(let rank):
            step(rank, passes: slices[plan.layout.replica(of: rank)].count)
            advance(rank)
        case .slab(let rank, let slab):
            workers[rank].slabs[slab] += 1
            if workers[rank].blockedSince != nil { advance(rank) }
        case .value(let rank, let key):
            workers[rank].values[key, default: 0] += 1
            if workers[rank].blockedSince != nil { advance(rank) }
        case .gradient(let key):
            parameters[key].gradients += 1
            guard parameters[key].gradients == contributions else { return }
            parameters[key].gradients = 0
            stores[parameters[key].host].queue.append(key)
            update(parameters[key].host)
        case .updated(let host):
            let key = stores[host].queue.removeFirst()
            stores[host].isBusy = false
            for rank in parameters[key].users {
                let own = plan.placement[rank]
                if own == host {
                    queue.add(.value(worker: rank, key: key), at: now + plan.cluster.loopback.latency)
                } else {
                    send(
                        parameters[key].valueBytes * parameters[key].count, .value(worker: rank, key: key), ends: [-1 - host, rank],
                        from: host, to: own)
                }
            }
            update(host)
        }
    }

    private mutating func update(_ host: Int) {
        guard !stores[host].isBusy, let key = stores[host].queue.first else { return }
        stores[host].isBusy = true
        // Each contribution after the first adds 4 bytes to read to the 20 bytes of an update.
        let seconds = parameters[key].count * times.updateSeconds * (1 + 0.2 * Double(contributions - 1)) / plan.cluster.hosts[host].speed
        stores[host].busy += seconds
        queue.add(.updated(host: host), at: now + seconds)
    }

    // MARK: Result

    private var prediction: StepPrediction {
        func end(_ step: Int) -> Double { workers.map { $0.ends[step - 1] }.max()! }
        let seconds = (end(Self.warmUp + Self.measured) - end(Self.warmUp)) / Double(Self.measured)
        let span = max(now - started, 1e-12)
        let perStep = seconds / span
        let parameterBytes = { (filter: (Parameter) -> Bool) in Int(4 * parameters.filter(filter).reduce(0) { $0 + $1.count }) }
        return StepPrediction(
            seconds: seconds, imagesPerSecond: Double(plan.configuration.recipe.batch) / seconds,
            workers: workers.enumerated().map { rank, worker in
                let total = max(worker.computing + worker.exchangeWait + worker.storeWait, 1e-12)
                let host = plan.placement[rank]
                // A worker needs its own memory for values and gradients of parameters that another host stores.
                let remote = parameterBytes { $0.users.contains(rank) && $0.host != host }
                return .init(
                    rank: rank, host: host, computing: worker.computing / total, exchangeWait: worker.exchangeWait / total,
                    storeWait: worker.storeWait / total, bytes: programs[rank].columns.count * times.columnBytes + 3 * remote)
            },
            links: plan.cluster.hosts.indices.map { host in
                let (out, into) = (fabric.carried[Fabric.resource(host, .outward)], fabric.carried[Fabric.resource(host, .inward)])
                return .init(
                    host: host, bytesOut: out * perStep, bytesIn: into * perStep,
                    share: min(1, max(out, into) / plan.cluster.hosts[host].bandwidth / span))
            },
            stores: stores.indices.compactMap { host in
                let bytes = parameterBytes { $0.host == host }
                return bytes == 0 ? nil : .init(host: host, share: stores[host].busy / span, bytes: bytes * (4 + contributions))
            })
    }
}
