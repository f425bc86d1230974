import NeuralNetwork
package import Partition
package import Protocol

/// Judges from heartbeats which process keeps a run from continuing: it follows the chain of who waits for whom to the one that waits
/// for nobody. No sockets and no clock of its own: heartbeats and times in, verdicts out.
package struct HealthMonitor: Sendable {
    /// Facts that the coordinator knows without heartbeats.
    package struct Facts {
        /// The attempt whose steps are trained.
        package var attempt: UInt32
        package var committed: Int
        package var granted: Int
        /// Ranks that have not reported the step after the last that is committed.
        package var missingWorkers: [Int]
        package var missingStores: [Int]
        /// The shard that keeps each block.
        package var placement: BlockPlacement?
        /// The committed step whose validation is missing, and the ranks whose reports are.
        package var validation: (step: Int, missing: [Int])?
        /// While everybody gets ready: who is not yet, and since when; nil while steps are trained.
        package var unready: (workers: [Int], stores: [Int], since: Double)?

        package init(
            attempt: UInt32, committed: Int, granted: Int, missingWorkers: [Int], missingStores: [Int], placement: BlockPlacement?,
            validation: (step: Int, missing: [Int])? = nil
        ) {
            (self.attempt, self.committed, self.granted) = (attempt, committed, granted)
            (self.missingWorkers, self.missingStores, self.placement) = (missingWorkers, missingStores, placement)
            self.validation = validation
        }
    }

    private let programs: [WorkerProgram]
    /// Seconds that anything may take before it can be found too long.
    package let patience: Double
    package private(set) var workers: [Int: ProcessHealth] = [:]
    package private(set) var stores: [Int: ProcessHealth] = [:]
    private var lastTick: Double?

    package init(programs: [WorkerProgram], patience: Double) { (self.programs, self.patience) = (programs, patience) }

    /// A process has joined, which counts as a sign of life.
    package mutating func add(_ process: ProcessName, at now: Double) {
        switch process.role {
        case .worker: workers[process.rank] = ProcessHealth(process, heard: now)
        case .store: stores[process.rank] = ProcessHealth(process, heard: now)
        }
    }

    package mutating func remove(_ process: ProcessName) {
        switch process.role {
        case .worker: workers[process.rank] = nil
        case .store: stores[process.rank] = nil
        }
    }

    package mutating func hear(_ process: ProcessName, _ heartbeat: WireHeartbeat, at now: Double) {
        switch process.role {
        case .worker: workers[process.rank]?.hear(heartbeat, at: now)
        case .store: stores[process.rank]?.hear(heartbeat, at: now)
        }
    }

    /// Judges. Called several times a second.
    /// - Parameter facts: nil while no step is trained: then only silence counts.
    package mutating func judge(at now: Double, _ facts: Facts?) -> Verdict? {
        // Where the coordinator itself did not run, the others had no chance to be heard.
        if let lastTick, now - lastTick > 1 {
            for rank in workers.keys { workers[rank]!.shift(now - lastTick) }
            for rank in stores.keys { stores[rank]!.shift(now - lastTick) }
        }
        lastTick = now
        let all = workers.sorted { $0.key < $1.key }.map(\.value) + stores.sorted { $0.key < $1.key }.map(\.value)
        for health in all where health.silence(now) > health.silenceLimit(patience) {
            return verdict(
                .process(health.process),
                "has sent no heartbeat for \(Self.text(health.silence(now))) s, normally one every 0.25 s; it was \(words(health))",
                deadline: health.silenceLimit(patience), facts)
        }
        for health in all {
            if let verdict = busyTooLong(health, facts) { return verdict }
        }
        guard let facts else { return nil }
        if let unready = facts.unready { return unheard(facts, unready, now) }
        for (rank, health) in workers.sorted(by: { $0.key < $1.key }) where health.heartbeat.attempt == facts.attempt {
            if let verdict = lostOnTheWay(rank, health, facts) { return verdict }
        }
        return nil
    }

    // MARK: Judging

    /// A process that waits for nobody and takes too long.
    private func busyTooLong(_ health: ProcessHealth, _ facts: Facts?) -> Verdict? {
        switch health.heartbeat.phase {
        case .computing, .awaitingPictures, .sending, .updating: break
        default: return nil
        }
        let limit = health.limit(patience)
        guard health.heartbeat.seconds > limit else { return nil }
        let usual = health.heartbeat.usual > 0 ? "usually \(Self.text(health.heartbeat.usual)) s at most" : "the first time"
        return verdict(
            .process(health.process), "has been \(words(health)) for \(Self.text(health.heartbeat.seconds)) s, \(usual)",
            deadline: limit, facts)
    }

    /// A member that is ready, or would be, if what it and the coordinator have said had not been lost.
    private func unheard(_ facts: Facts, _ unready: (workers: [Int], stores: [Int], since: Double), _ now: Double) -> Verdict? {
        let limit = max(60, 12 * patience)
        guard now - unready.since > limit else { return nil }
        for health in unready.workers.compactMap({ workers[$0] }) {
            let heartbeat = health.heartbeat
            let what: String? =
                switch heartbeat.phase {
                case .awaitingGrant where heartbeat.attempt == facts.attempt: "is ready, but its report of that was not received"
                case .holding: "has not received the topology of attempt \(facts.attempt)"
                case .preparing: nil
                default: heartbeat.attempt == facts.attempt ? nil : "has not received the message that attempt \(facts.attempt) has begun"
                }
            if let what, heartbeat.seconds > limit { return verdict(.process(health.process), what, deadline: limit, facts) }
        }
        // Workers that have all their values have them from stores that are ready.
        let isComplete = workers.values.allSatisfy { $0.heartbeat.attempt == facts.attempt && $0.heartbeat.phase == .awaitingGrant }
        guard isComplete, let store = unready.stores.lazy.compactMap({ stores[$0] }).first else { return nil }
        return verdict(.process(store.process), "is ready, but its report of that was not received", deadline: limit, facts)
    }

    /// A worker that waits for what another process has sent already: the connection between them has lost it.
    private func lostOnTheWay(_ rank: Int, _ health: ProcessHealth, _ facts: Facts) -> Verdict? {
        let limit = health.limit(patience)
        guard health.heartbeat.seconds > limit, let sender = culprit(of: rank, health, facts) else { return nil }
        return verdict(sender.culprit, "\(sender.what) for \(Self.text(health.heartbeat.seconds)) s", deadline: limit, facts)
    }

    /// The end of a waiting worker's chain, where that is something lost between two processes; nil where the chain ends
    /// with one that works and may.
    private func culprit(of rank: Int, _ health: ProcessHealth, _ facts: Facts) -> (culprit: Verdict.Culprit, what: String)? {
        let heartbeat = health.heartbeat
        switch heartbeat.phase {
        case .awaitingSlab:
            guard let (slab, from) = awaitedSlab(rank, heartbeat), let sender = workers[from],
                sender.heartbeat.attempt == facts.attempt, let sending = programs[from].instructionIndex(ofSending: slab, to: rank)
            else { return nil }
            let isPast = (Int(sender.heartbeat.pass), Int(sender.heartbeat.place)) > (Int(heartbeat.pass), sending)
            guard isPast else { return nil }
            return (
                .connection(from: sender.process, to: health.process),
                "\(sender.process) has sent \(what(slab)) of step \(heartbeat.step), and it has not reached \(health.process)"
            )
        case .awaitingValue:
            guard let key = awaitedValue(rank, heartbeat), let store = facts.placement?[key].flatMap({ stores[$0] }),
                store.heartbeat.attempt == facts.attempt
            else { return nil }
            let layer = programs[rank].network.layers[key.layer].name
            let wanted = Int(heartbeat.awaitedStep)
            // What is computed or waits for a commit has its own reason.
            guard store.heartbeat.phase == .idle else { return nil }
            guard Int(store.heartbeat.step) + 1 >= wanted else { return lateCommit(facts) }
            if Int(store.heartbeat.step) + 1 == wanted,
                let missing = store.heartbeat.missing.first(where: { ParameterBlock.Key($0.key) == key })
            {
                // Another replica that has not come so far is no loss; what keeps it is judged where it waits.
                guard let pusher = owner(of: missing), Int(pusher.heartbeat.step) >= wanted + 1 || pusher.process == health.process else {
                    return nil
                }
                return (
                    .connection(from: pusher.process, to: store.process),
                    "\(pusher.process) has pushed the gradient of \(layer).\(key.kind.rawValue) of step \(wanted), and it has not reached \(store.process)"
                )
            }
            return (
                .connection(from: store.process, to: health.process),
                "\(store.process) has announced \(layer).\(key.kind.rawValue) of step \(wanted), and it has not reached \(health.process)"
            )
        case .awaitingGrant:
            // Granted and not heard, or done and not heard of: the connection to the coordinator.
            if facts.granted >= Int(heartbeat.step) {
                return (.process(health.process), "has been granted step \(heartbeat.step), but has not received the grant")
            }
            if let validation = facts.validation, Int(heartbeat.step) > validation.step, validation.missing.contains(rank) {
                return (.process(health.process), "has been asked to validate step \(validation.step) and its report has not come")
            }
            return lateCommit(facts)
        default: return nil
        }
    }

    /// Whose word is missing for the next commit though all the work for it is done.
    private func lateCommit(_ facts: Facts) -> (culprit: Verdict.Culprit, what: String)? {
        let step = facts.committed + 1
        for worker in facts.missingWorkers.compactMap({ workers[$0] }) where Int(worker.heartbeat.step) > step {
            return (.process(worker.process), "has trained step \(step) and its report has not come")
        }
        guard facts.missingWorkers.isEmpty else { return nil }
        for store in facts.missingStores.compactMap({ stores[$0] }) {
            guard store.heartbeat.phase == .idle, store.heartbeat.attempt == facts.attempt else { continue }
            if Int(store.heartbeat.step) < facts.committed {
                return (.process(store.process), "has not received the commit of step \(facts.committed)")
            }
            guard let missing = store.heartbeat.missing.first else {
                return (.process(store.process), "has updated step \(step) and its report has not come")
            }
            guard let worker = owner(of: missing) else { continue }
            return (
                .connection(from: worker.process, to: store.process),
                "\(worker.process) has pushed all gradients of step \(step), and some have not reached \(store.process)"
            )
        }
        return nil
    }

    /// The worker that computes a gradient which a store misses.
    private func owner(of missing: WireHeartbeat.Missing) -> ProcessHealth? {
        let column = Int(missing.key.column)
        return programs.firstIndex { $0.replica == Int(missing.replica) && $0.columns.contains(column) }.flatMap { workers[$0] }
    }

    // MARK: Words

    private func verdict(
        _ culprit: Verdict.Culprit, _ what: String, deadline: Double, _ facts: Facts?
    ) -> Verdict {
        var waiting: [ProcessName] = []
        if facts != nil {
            let others = workers.sorted { $0.key < $1.key }.map(\.value)
            for health in others where health.process != culprit.process {
                switch health.heartbeat.phase {
                case .awaitingSlab, .awaitingValue, .awaitingGrant: waiting.append(health.process)
                default: break
                }
            }
        }
        var sentence = what
        if case .process(let process) = culprit { sentence = "\(process) \(what)" }
        if !waiting.isEmpty {
            sentence += "; \(waiting.map(\.short).joined(separator: ", ")) \(waiting.count == 1 ? "waits" : "wait") because of it"
        }
        return Verdict(culprit: culprit, sentence: sentence, deadline: deadline, waiting: waiting)
    }

    private func words(_ health: ProcessHealth) -> String {
        let heartbeat = health.heartbeat
        let step = " in step \(heartbeat.step)"
        switch heartbeat.phase {
        case .preparing: return heartbeat.instruction.isEmpty ? "preparing" : "preparing \(heartbeat.instruction)"
        case .computing: return "computing \(heartbeat.instruction)\(step)"
        case .awaitingSlab: return "waiting for \(heartbeat.instruction)\(step)"
        case .awaitingValue: return "waiting for the value of \(heartbeat.instruction)\(step)"
        case .awaitingGrant: return "waiting for the grant of step \(heartbeat.step)"
        case .awaitingPictures: return "reading images\(step)"
        case .sending: return "handing over \(heartbeat.instruction)\(step)"
        case .updating: return "computing the \(heartbeat.instruction)"
        case .holding: return "paused"
        case .idle, .UNRECOGNIZED: return "idle"
        }
    }

    private func what(_ slab: Slab) -> String {
        let layer = programs[0].network.layers[slab.layer].name
        return slab.direction == .forward ? "the activations of \(layer)" : "the gradient of \(layer)"
    }

    private func awaitedSlab(_ rank: Int, _ heartbeat: WireHeartbeat) -> (Slab, from: Int)? {
        guard case .receive(let slab, let from)? = instruction(rank, heartbeat) else { return nil }
        return (slab, from)
    }

    private func awaitedValue(_ rank: Int, _ heartbeat: WireHeartbeat) -> ParameterBlock.Key? {
        guard case .pull(let key)? = instruction(rank, heartbeat) else { return nil }
        return key
    }

    private func instruction(_ rank: Int, _ heartbeat: WireHeartbeat) -> Instruction? {
        guard programs.indices.contains(rank) else { return nil }
        let (program, instruction) = (programs[rank], Int(heartbeat.place))
        if instruction < program.forward.count { return program.forward[instruction] }
        let index = instruction - program.forward.count
        return program.backward.indices.contains(index) ? program.backward[index] : nil
    }

    private static func text(_ seconds: Double) -> String {
        let rounded = (seconds * 100).rounded() / 100
        return seconds >= 10 ? "\(Int(seconds.rounded()))" : "\(rounded)"
    }
}

extension Verdict.Culprit {
    fileprivate var process: ProcessName? { if case .process(let process) = self { process } else { nil } }
}
