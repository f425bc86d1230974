import Coordinator
import NeuralNetwork
import ParameterStore
import Partition
import Testing

/// The whole step protocol in memory: the product's ledger and shard machines, workers that push and pull as the session
/// does, and connections as queues that deliver in order, at any time, or lose what is under way with their worker.
///
/// A tensor's value after a step is a number that depends on all steps before; a step that is applied twice, left out, or
/// computed from another buffer than the last committed one shows in it.
struct StepProtocolModel {
    typealias Key = ParameterBlock.Key

    enum ToPeer {
        case abort(UInt32, committed: Int), topology(UInt32, base: Int), grant(Int, Float), commit(Int)
        /// Of a change of layout: a worker's place, columns that a store gives away, what it keeps, and what it gets.
        case place(Place), handOver(Set<Key>), keep(Set<Key>, contributions: Int), restore(Key, step: Int, value: UInt64)
    }
    enum ToCoordinator { case ready(UInt32), reported(Int, UInt32), stored(Int, UInt32), value(Key, step: Int, UInt64), closed }
    enum ToStore { case join(UInt32), push(ShardStepMachine.Gradient, Int, UInt32) }

    /// What a worker computes, and for which shard.
    struct Place {
        let keys: [Key]
        let shard: Int
        let replica: Int
    }

    struct Worker {
        var place: Place
        var keys: [Key] { place.keys }
        var shard: Int { place.shard }
        var isAlive = true
        var attempt: UInt32 = 0
        var isTold = false
        var step = 0
        var pushed = 0
        var values: [Key: Int] = [:]
        var grants: Set<Int> = []
        var isReady = false
        var orders: [ToPeer] = []
        var words: [ToCoordinator] = []
        var toStore: [ToStore] = []
        var fromStore: [(Key, Int, UInt32)] = []
    }

    struct Shard {
        var machine: ShardStepMachine
        var buffers: [Key: [(step: Int, value: UInt64)]]
        /// The attempt that it is to be ready for, once every value is there.
        var joined: UInt32?
        var jobs: [(key: Key, step: Int, attempt: UInt32)] = []
        var links: [Int: UInt32] = [:]
        var orders: [ToPeer] = []
        var words: [ToCoordinator] = []
    }

    var random: Generator
    var ledger: StepLedger
    var attempt: UInt32 = 0
    var isTraining = false
    var ready: Set<String> = []
    var lost: Set<Int> = []
    var workers: [Worker]
    var shards: [Shard]
    var commits: [Int] = []
    var layout: ColumnLayout
    /// Asked for, and made when nothing is under way.
    var wanted: ColumnLayout?
    /// On their way from one shard to another.
    var moves: Set<Key> = []
    let last: Int

    /// - Parameters:
    ///   - replicas: how many workers compute gradients of the same tensors.
    ///   - columns: nil gives each worker of a replica one.
    init(seed: UInt64, workers count: Int, replicas: Int, columns: Int? = nil, shards shardCount: Int, last: Int) throws {
        random = Generator(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        self.last = last
        var recipe = Recipe()
        (recipe.validation.every, recipe.checkpoint.every) = (0, 0)
        ledger = StepLedger(
            plan: StepPlan(recipe: recipe, imagesPerEpoch: 1000, base: 0, last: last), workers: count, stores: shardCount)
        layout = try ColumnLayout(columns: columns ?? count / replicas, workers: count, replicas: replicas)
        workers = []
        shards = (0..<shardCount).map { _ in Shard(machine: ShardStepMachine(keys: [], base: 0, attempt: 0), buffers: [:]) }
        workers = (0..<count).map { Worker(place: place(of: $0)) }
        for shard in shards.indices {
            let keys = Set(workers.filter { $0.shard == shard }.flatMap(\.keys))
            shards[shard].machine = ShardStepMachine(keys: keys, contributions: replicas, base: 0, attempt: 0)
            for key in keys { shards[shard].buffers[key] = [(0, Self.value(key, 0)), (-1, 0)] }
        }
        sendTopology()
    }

    static func value(_ key: Key, _ step: Int) -> UInt64 {
        (0..<step).reduce(UInt64(key.layer * 100 + key.column)) { next($0, key, $1 + 1) }
    }

    static func next(_ value: UInt64, _ key: Key, _ step: Int) -> UInt64 {
        (value &* 6_364_136_223_846_793_005 &+ UInt64(step * 1000 + key.layer * 10 + key.column)) ^ (value >> 29)
    }

    // MARK: Coordinator

    mutating func order(_ order: ToPeer) {
        for rank in workers.indices where !lost.contains(rank) { workers[rank].orders.append(order) }
        for shard in shards.indices { shards[shard].orders.append(order) }
    }

    mutating func sendTopology() {
        for rank in 0..<layout.workers where !lost.contains(rank) { workers[rank].orders.append(.topology(attempt, base: ledger.committed)) }
        for shard in shards.indices { shards[shard].orders.append(.topology(attempt, base: ledger.committed)) }
    }

    mutating func perform(_ actions: [StepLedger.Action]) {
        for action in actions {
            switch action {
            case .grant(let step, let rate, _): order(.grant(step, rate))
            case .commit(let step, _):
                commits.append(step)
                for shard in shards.indices { shards[shard].orders.append(.commit(step)) }
            }
        }
        changeLayout()
    }

    mutating func abort() {
        attempt += 1
        isTraining = false
        ready = []
        ledger.abort(validated: true)
        order(.abort(attempt, committed: ledger.committed))
        if lost.isEmpty { sendTopology() }
        changeLayout()
    }

    mutating func hear(_ word: ToCoordinator, from name: String, rank: Int) {
        switch word {
        // One that waits as a spare costs nothing.
        case .closed where rank >= layout.workers: workers[rank].isAlive = true
        case .closed:
            lost.insert(rank)
            abort()
        case .value(let key, let step, let value):
            moves.remove(key)
            shards[keepers[key]!].orders.append(.restore(key, step: step, value: value))
            changeLayout()
        case .ready(let of) where of == attempt:
            ready.insert(name)
            guard !isTraining, lost.isEmpty, ready.count == layout.workers + shards.count else { return }
            isTraining = true
            perform(ledger.advance())
        case .reported(let step, let of) where of == attempt: perform(ledger.report(worker: rank, step: step))
        case .stored(let step, let of) where of == attempt: perform(ledger.stored(store: rank, step: step))
        default: break
        }
    }

    // MARK: Stores

    mutating func perform(_ actions: [ShardStepMachine.Action], shard: Int) {
        for action in actions {
            switch action {
            case .update(let key, let step, _): shards[shard].jobs.append((key, step, shards[shard].machine.attempt))
            case .announce(let key, let step): announce(key, step, shard)
            case .stored(let step): shards[shard].words.append(.stored(step, shards[shard].machine.attempt))
            }
        }
    }

    mutating func announce(_ key: Key, _ step: Int, _ shard: Int) {
        for owner in workers.indices where workers[owner].keys.contains(key) { announce(key, step, shard, to: owner) }
    }

    private mutating func announce(_ key: Key, _ step: Int, _ shard: Int, to owner: Int) {
        guard let of = shards[shard].links[owner], workers[owner].isAlive else { return }
        workers[owner].fromStore.append((key, step, of))
    }

    mutating func obey(_ order: ToPeer, shard: Int) throws {
        switch order {
        case .abort(let attempt, let committed):
            #expect(shards[shard].machine.committed == committed)
            shards[shard].machine.abort(attempt: attempt)
            shards[shard].jobs.removeAll { $0.attempt < attempt }
            shards[shard].links = shards[shard].links.filter { $0.value >= attempt }
        case .topology(let attempt, let base):
            guard attempt == shards[shard].machine.attempt else { return }
            #expect(base == shards[shard].machine.committed)
            shards[shard].joined = attempt
            sayReady(shard)
        case .handOver(let keys):
            for key in keys {
                let buffer = shards[shard].buffers.removeValue(forKey: key)![shards[shard].machine.committed & 1]
                shards[shard].words.append(.value(key, step: buffer.step, buffer.value))
            }
        case .keep(let keys, let contributions):
            let old = shards[shard].machine
            shards[shard].machine = ShardStepMachine(keys: keys, contributions: contributions, base: old.committed, attempt: old.attempt)
            // Memory of another layout: only the committed values are copied.
            for (key, buffers) in shards[shard].buffers { shards[shard].buffers[key] = pair(buffers[old.committed & 1], old.committed) }
            shards[shard].jobs = []
        case .restore(let key, let step, let value):
            #expect(step == shards[shard].machine.committed)
            shards[shard].buffers[key] = pair((step, value), step)
            sayReady(shard)
        case .place: break
        case .grant(let step, let rate): perform(shards[shard].machine.grant(step: step, rate: rate), shard: shard)
        case .commit(let step):
            // The values that a loss returns to are whole.
            for (key, buffers) in shards[shard].buffers {
                #expect(buffers[step & 1] == (step, Self.value(key, step)))
            }
            perform(try shards[shard].machine.commit(step: step), shard: shard)
        }
    }

    mutating func announceAll(to rank: Int, _ shard: Int) {
        // One whose values are on their way is told when they are here.
        guard workers[rank].keys.allSatisfy({ shards[shard].buffers[$0] != nil && shards[shard].machine.keys.contains($0) }) else { return }
        for key in workers[rank].keys { announce(key, shards[shard].machine.committed, shard, to: rank) }
    }

    mutating func take(_ message: ToStore, from rank: Int) throws {
        let shard = workers[rank].shard
        switch message {
        case .join(let of):
            guard of >= shards[shard].machine.attempt else { return }
            shards[shard].links[rank] = of
            if of == shards[shard].machine.attempt { announceAll(to: rank, shard) }
        case .push(let gradient, let step, let of):
            guard shards[shard].links[rank] == of else { return }
            perform(try shards[shard].machine.push(gradient, step: step, attempt: of), shard: shard)
        }
    }

    mutating func compute(shard: Int) {
        let job = shards[shard].jobs.removeFirst()
        let old = shards[shard].buffers[job.key]![(job.step - 1) & 1]
        // Nothing is written over what is committed.
        #expect(shards[shard].buffers[job.key]![job.step & 1].step != shards[shard].machine.committed)
        #expect(old.step == job.step - 1)
        shards[shard].buffers[job.key]![job.step & 1] = (job.step, Self.next(old.value, job.key, job.step))
        perform(shards[shard].machine.finishedUpdate(job.key, step: job.step, attempt: job.attempt), shard: shard)
    }

    // MARK: Workers

    mutating func obey(_ order: ToPeer, worker rank: Int) {
        switch order {
        case .abort(let attempt, _): begin(attempt, rank)
        case .topology(let attempt, let base):
            if attempt > workers[rank].attempt { begin(attempt, rank) }
            workers[rank].isTold = true
            workers[rank].step = base + 1
            workers[rank].toStore = [.join(attempt)]
        case .place(let place): workers[rank].place = place
        case .grant(let step, _): workers[rank].grants.insert(step)
        case .commit, .handOver, .keep, .restore: break
        }
    }

    private mutating func begin(_ attempt: UInt32, _ rank: Int) {
        var worker = workers[rank]
        (worker.attempt, worker.isTold, worker.isReady, worker.pushed) = (attempt, false, false, 0)
        (worker.values, worker.grants, worker.toStore, worker.fromStore) = ([:], [], [], [])
        workers[rank] = worker
    }

    /// Whether a worker can do something by itself.
    func canWork(_ rank: Int) -> Bool {
        let worker = workers[rank]
        guard worker.isAlive, worker.isTold else { return false }
        let hasValues = worker.keys.allSatisfy { (worker.values[$0] ?? -1) >= worker.step - 1 }
        return worker.isReady ? worker.grants.contains(worker.step) && hasValues : hasValues
    }

    mutating func work(_ rank: Int) {
        var worker = workers[rank]
        if !worker.isReady {
            worker.isReady = true
            worker.words.append(.ready(worker.attempt))
        } else if worker.pushed < worker.keys.count {
            let gradient = ShardStepMachine.Gradient(of: worker.keys[worker.pushed], contribution: worker.place.replica)
            worker.toStore.append(.push(gradient, worker.step, worker.attempt))
            worker.pushed += 1
        } else {
            worker.words.append(.reported(worker.step, worker.attempt))
            (worker.step, worker.pushed) = (worker.step + 1, 0)
        }
        workers[rank] = worker
    }

    mutating func crash(_ rank: Int) {
        guard workers[rank].isAlive else { return }
        var worker = Worker(place: workers[rank].place)
        // What it had sent the coordinator still arrives, and then the end of the connection.
        (worker.isAlive, worker.words) = (false, workers[rank].words + [.closed])
        workers[rank] = worker
        shards[worker.shard].links[rank] = nil
    }

    mutating func restart(_ rank: Int) {
        (workers[rank].isAlive, workers[rank].place) = (true, place(of: rank))
        lost.remove(rank)
        if lost.isEmpty { sendTopology() }
        changeLayout()
    }

    // MARK: Running

    /// One event that may happen next, chosen at random.
    /// - Returns: false when nothing can happen.
    mutating func advance() throws -> Bool {
        var events: [(inout StepProtocolModel) throws -> Void] = []
        for rank in workers.indices {
            let worker = workers[rank]
            if !worker.words.isEmpty { events.append { $0.hear($0.workers[rank].words.removeFirst(), from: "worker \(rank)", rank: rank) } }
            if !worker.isAlive, lost.contains(rank) { events.append { $0.restart(rank) } }
            guard worker.isAlive else { continue }
            if !worker.orders.isEmpty { events.append { $0.obey($0.workers[rank].orders.removeFirst(), worker: rank) } }
            if !worker.toStore.isEmpty { events.append { try $0.take($0.workers[rank].toStore.removeFirst(), from: rank) } }
            if !worker.fromStore.isEmpty {
                events.append { model in
                    let (key, step, of) = model.workers[rank].fromStore.removeFirst()
                    if of == model.workers[rank].attempt { model.workers[rank].values[key] = step }
                }
            }
            if canWork(rank) { events.append { $0.work(rank) } }
        }
        for shard in shards.indices {
            if !shards[shard].orders.isEmpty { events.append { try $0.obey($0.shards[shard].orders.removeFirst(), shard: shard) } }
            if !shards[shard].jobs.isEmpty { events.append { $0.compute(shard: shard) } }
            if !shards[shard].words.isEmpty { events.append { $0.hear($0.shards[shard].words.removeFirst(), from: "store \(shard)", rank: shard) } }
        }
        guard let event = events.randomElement(using: &random) else { return false }
        try event(&self)
        return true
    }

    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }
}
