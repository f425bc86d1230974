import NeuralNetwork
import Partition
import Tensors

/// A discrete-event simulation of the workers' programs. Kernels take their measured or modelled times, tensors share the bandwidth of
/// the network, and workers wait as their programs say.
public struct StepSimulation {
    private enum Event {
        case resume(worker: Int)
        case slab(worker: Int, slab: Int)
        case gradient(key: Int)
        case updated(host: Int)
        case value(worker: Int, key: Int)
    }

    private let plan: PlannedRun
    private let times: any KernelTimes
    private let draws = RandomDraws(seed: 1)
    private var workers: [SimulatedWorker]
    private var stores: SimulatedStores
    private var messages: MessageCosts
    private var fabric: Fabric
    private var queue = EventQueue<Event>()
    /// All tensors sent so far, by number: the event at arrival, the sender's and the receiver's host, and the size.
    private var tensors: [(event: Event, from: Int, to: Int, bytes: Double)] = []
    private var now = 0.0
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
        let (network, recipe, layout) = (plan.configuration.network, plan.configuration.recipe, plan.layout)
        let tree = try GradientTree(slices: recipe.slices, replicas: layout.replicas)
        programs = try ProgramCompiler(
            network: network, workers: layout.workers, replicas: layout.replicas, batch: recipe.sliceBatch
        ).programs()
        let blocks = try network.parameterBlocks()
        stores = SimulatedStores(
            plan, blocks, contributions: tree.contributions(of: layout.replicas - 1).upperBound, updateSeconds: times.updateSeconds)
        let keys = Dictionary(uniqueKeysWithValues: blocks.enumerated().map { ($1.key, $0) })
        workers = try SimulatedWorker.all(of: plan, programs, times, tree, keys: keys)
        messages = MessageCosts(plan, usesCores: times.usesCores)
        fabric = Fabric(plan.cluster)
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

    /// Carries out a worker's instructions until it computes or waits.
    private mutating func advance(_ rank: Int) {
        let own = plan.placement[rank]
        while true {
            switch workers[rank].operation {
            case .compute(let seconds):
                guard !seconds.isEmpty else { break }
                let duration = workers[rank].compute(
                    seconds[draw(rank, of: seconds.count)], overhead: times.overhead / plan.cluster.hosts[own].speed)
                queue.add(.resume(worker: rank), at: now + duration)
                return
            case .send(let to, let slab, let bytes):
                send(bytes, .slab(worker: to, slab: slab), ends: [rank, to], from: own, to: plan.placement[to])
            case .receive(let slab):
                guard workers[rank].hasSlab(slab) else { return workers[rank].block(at: now) }
                workers[rank].unblock(at: now, .exchange)
            case .pull(let key):
                guard workers[rank].hasValue(key) else { return workers[rank].block(at: now) }
                workers[rank].unblock(at: now, .store)
            case .push(let key): if workers[rank].completesContribution { push(key, from: rank) }
            }
            step(rank)
        }
    }

    private mutating func push(_ key: Int, from rank: Int) {
        let (own, parameter) = (plan.placement[rank], stores.parameters[key])
        guard own != parameter.host else { return queue.add(.gradient(key: key), at: now + plan.cluster.loopback.latency) }
        // Negative numbers identify stores, which have no rank among the workers.
        send(parameter.gradientBytes, .gradient(key: key), ends: [rank, -1 - parameter.host], from: own, to: parameter.host)
    }

    /// Moves a worker on to its next instruction.
    private mutating func step(_ rank: Int) {
        guard workers[rank].advance(at: now) else { return }
        // Only the measured steps count.
        guard workers[rank].ends.count == Self.warmUp else { return }
        workers[rank].resetTimes()
        guard workers.allSatisfy({ $0.ends.count >= Self.warmUp }) else { return }
        started = now
        fabric.resetCarried()
        stores.resetTimes()
    }

    /// Returns the index of one of a kernel's times: random, but the same in every simulation of the same run.
    private func draw(_ rank: Int, of count: Int) -> Int {
        guard count > 1 else { return 0 }
        let (word, _, _, _) = draws.words(
            .shuffle, UInt64(rank) << 32 | UInt64(workers[rank].passes), UInt64(workers[rank].position))
        return Int(word % UInt32(count))
    }

    // MARK: Tensors in transit

    private mutating func charge(messageOf bytes: Double, on host: Int) {
        if let (worker, seconds) = messages.delay(messageOf: bytes, on: host) { workers[worker].postpone(by: seconds) }
    }

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
            step(rank)
            advance(rank)
        case .slab(let rank, let slab):
            workers[rank].receiveSlab(slab)
            if workers[rank].isBlocked { advance(rank) }
        case .value(let rank, let key):
            workers[rank].receiveValue(key)
            if workers[rank].isBlocked { advance(rank) }
        case .gradient(let key): if stores.receive(key) { update(stores.parameters[key].host) }
        case .updated(let host):
            let key = stores.endUpdate(on: host)
            let parameter = stores.parameters[key]
            for rank in parameter.users {
                let own = plan.placement[rank]
                if own == host {
                    queue.add(.value(worker: rank, key: key), at: now + plan.cluster.loopback.latency)
                } else {
                    send(parameter.valueBytes, .value(worker: rank, key: key), ends: [-1 - host, rank], from: host, to: own)
                }
            }
            update(host)
        }
    }

    private mutating func update(_ host: Int) {
        if let seconds = stores.beginUpdate(on: host) { queue.add(.updated(host: host), at: now + seconds) }
    }

    // MARK: Result

    private var prediction: StepPrediction {
        func end(_ step: Int) -> Double { workers.map { $0.ends[step - 1] }.max()! }
        let seconds = (end(Self.warmUp + Self.measured) - end(Self.warmUp)) / Double(Self.measured)
        let span = max(now - started, 1e-12)
        let perStep = seconds / span
        return StepPrediction(
            seconds: seconds, imagesPerSecond: Double(plan.configuration.recipe.batch) / seconds,
            workers: workers.enumerated().map { rank, worker in
                let total = max(worker.computing + worker.exchangeWait + worker.storeWait, 1e-12)
                let host = plan.placement[rank]
                // A worker needs its own memory for values and gradients of parameters that another host stores.
                let remote = stores.bytes { $0.users.contains(rank) && $0.host != host }
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
            stores: plan.cluster.hosts.indices.compactMap { host in
                let bytes = stores.bytes { $0.host == host }
                return bytes == 0
                    ? nil : .init(host: host, share: stores.busy(host) / span, bytes: bytes * (4 + stores.contributions))
            })
    }
}
