import Glibc
import Platform

/// Stores and workers: started when the coordinator listens, and again when they end before it does.
extension SupervisorState {
    struct Child: Sendable {
        enum Condition: Sendable, Equatable {
            case running
            /// It will be started again at this time.
            case due(Double)
            /// Its host cannot be reached; it is started when that can.
            case hostLost
            /// It has ended and is not needed any more.
            case over
            /// It would fail again in the same way.
            case failed(code: Int32, sentence: String, at: Double)
        }

        var condition = Condition.running
        var started: Double
        /// The last committed step when it was started.
        var committed: Int
        /// Ends in a row without a step in between.
        var inARow = 0
        /// Ends in a row by itself, each soon after the start. Others may have made steps meanwhile.
        var soonInARow = 0
        /// When it is killed, because the coordinator has given it up.
        var killsAt: Double?

        var isRunning: Bool { condition == .running }

        /// Whether it may take part in the run, now or later.
        var canCome: Bool {
            switch condition {
            case .running, .due, .hostLost: true
            case .over, .failed: false
            }
        }

        mutating func forgetRestart() {
            switch condition {
            case .due, .hostLost: condition = .over
            case .running, .over, .failed: break
            }
        }
    }

    /// Those that the run has, stores first.
    var allChildren: [ChildName] {
        plan.stores.indices.map { ChildName(.store, $0) } + plan.workers.indices.map { ChildName(.worker, $0) }
    }

    /// In a fixed order.
    var runningChildren: [(key: ChildName, value: Child)] {
        children.filter { $0.value.isRunning }.sorted { ($0.key.role.rawValue, $0.key.rank) < ($1.key.role.rawValue, $1.key.rank) }
    }

    mutating func signalRunning(_ signal: Int32) { for (name, _) in runningChildren { emit(.signal(name, signal)) } }

    mutating func startChild(_ name: ChildName, at now: Double) {
        guard case .running(let coordinator) = phase, let address = coordinator.address else { return }
        var child = Child(started: now, committed: committed)
        if let before = children[name] { (child.inARow, child.soonInARow) = (before.inARow, before.soonInARow) }
        child.condition = lostHosts.contains(plan.host(of: name)) ? .hostLost : .running
        children[name] = child
        if child.isRunning { emit(.start(name, coordinator: address)) }
    }

    mutating func ended(_ name: ChildName, _ end: ProcessEnd, at now: Double) {
        guard var child = children[name], child.isRunning else { return }
        defer { children[name] = child }
        child.killsAt = nil
        guard case .running(let coordinator) = phase else { return child.condition = .over }
        // One that heard from the coordinator how the run ended, or has left it, tells nothing new.
        guard end.code != 0, end.code != CommandFailure.runFailed else { return child.condition = .over }
        guard end.outOfReach == nil else {
            // Its host was lost, and may be back already.
            return child.condition = lostHosts.contains(plan.host(of: name)) ? .hostLost : .due(now + 0.5)
        }
        // By the last step that any coordinator has told of: a successor begins to tell later.
        let hasMadeSteps = committed > child.committed
        child.inARow = hasMadeSteps ? 1 : child.inARow + 1
        child.soonInARow = end.code < 128 && now - child.started < 5 ? child.soonInARow + 1 : 0
        let isFinal = CommandFailure.isFinal(end.code)
        // While the run trains, a failure that may pass never counts as too many: the coordinator decides how long it waits.
        let isTooOften = child.inARow > plan.restarts && (!coordinator.hasBegun || plan.restarts <= 0)
        if isFinal || isTooOften {
            let times = isFinal ? "" : child.inARow == 1 ? " 1 time" : " \(child.inARow) times in a row"
            let sentence =
                "\(end.name) ended\(times) with exit code \(end.code)\(end.words.map { ": \($0)" } ?? "")"
                + (end.logPath.map { "; its log is \($0)" } ?? "")
            child.condition = .failed(code: isFinal ? end.code : CommandFailure.temporary, sentence: sentence, at: now)
            children[name] = child
            considerFailure(at: now)
            // Where the command ends because of it, that is how it ends.
            guard case .running(let coordinator) = phase, coordinator.failure == nil else { return }
            emit(.complain("\(sentence); it is not started again"))
            return
        }
        let inARow = max(child.inARow, child.soonInARow)
        // One that ended by itself may have heard the end of the run before the coordinator has ended.
        let pause = inARow > 1 ? Backoff.seconds(inARow - 1) : end.code >= 128 ? 0 : 0.3
        child.condition = .due(now + pause)
        emit(.willStartAgain(name, after: end.code))
    }

    /// Ends the run if it cannot begin, or cannot continue from a pause, because of processes that would fail again in the same way.
    mutating func considerFailure(at now: Double) {
        guard case .running(var coordinator) = phase, coordinator.failure == nil, interrupts == 0 else { return }
        guard let failure = firstFailure(coordinator) else { return }
        // Where the coordinator knows why, it ends by itself and says so.
        coordinator.failure = Failure(code: failure.code, sentence: failure.sentence, asksAt: now + 0.3, killsAt: now + Self.conclusion)
        phase = .running(coordinator)
    }

    /// The first failure that would recur, if the run has no chance because of those; otherwise nil.
    func firstFailure(_ coordinator: RunningCoordinator) -> (code: Int32, sentence: String)? {
        let failures = children.compactMap { name, child in
            if case .failed(let code, let sentence, let time) = child.condition {
                (name: name, code: code, sentence: sentence, time: time)
            } else {
                nil
            }
        }
        let coming = children.count { $0.key.role == .worker && $0.value.canCome }
        let isHopeless =
            if coordinator.hasBegun {
                coordinator.isPaused && coming == 0
            } else {
                failures.contains { $0.name.role == .store } || coordinator.needed.map { coming < $0 } ?? false
            }
        guard isHopeless else { return nil }
        let first = failures.min { ($0.time, $0.name.rank) < ($1.time, $1.name.rank) }
        return first.map { ($0.code, $0.sentence) }
    }

    // MARK: Hosts

    mutating func take(_ event: HostEvent, at now: Double) {
        switch event {
        case .lost(let host, let reason):
            guard lostHosts.insert(host).inserted else { return }
            emit(.say("\(reason); it is made again, and the processes there are started again"))
        case .unreachable(_, let reason): emit(.complain("\(reason). It is tried again every half minute while the run lasts"))
        case .back(let host):
            guard lostHosts.remove(host) != nil else { return }
            emit(.say("\(host) is connected again"))
            for name in names(on: host) where children[name]?.condition == .hostLost { children[name]?.condition = .due(now) }
            tickChildren(at: now)
        }
    }

    private func names(on host: String) -> [ChildName] { children.keys.filter { plan.host(of: $0) == host } }

    // MARK: Time

    mutating func tickChildren(at now: Double) {
        let all = children.sorted { ($0.key.role.rawValue, $0.key.rank) < ($1.key.role.rawValue, $1.key.rank) }
        for (name, child) in all {
            switch child.condition {
            case .due(let time): if now >= time { startChild(name, at: now) }
            case .running:
                guard let time = child.killsAt, now >= time else { continue }
                children[name]?.killsAt = nil
                emit(.signal(name, SIGKILL))
            case .hostLost, .over, .failed: break
            }
        }
    }
}
