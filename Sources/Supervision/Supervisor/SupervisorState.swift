import Glibc
import Platform

/// The supervisor's decisions about a run, as a pure value: what happens goes in, what must be done comes out. It has no processes, clocks or
/// threads, so tests can drive it through any order of events.
///
/// A coordinator that was killed, or hangs, is succeeded by another at the same address. Workers and stores wait for that, and offer it what they
/// have; the run continues after the last committed step. Where the coordinator has ended the run itself, because something is lost that it
/// cannot do without, everything is started again.
///
/// A coordinator that is in order ends by itself or because the user asks. No end of a worker or store ends it: a process that was cut off
/// finds its coordinator silent, or anything else that is true of itself alone. There are two exceptions, in which nothing can be lost: nothing
/// is trained yet and a process that the run needs fails in a way that would recur, or the run has paused and nobody is left who could join.
package struct SupervisorState: Sendable {
    package struct Plan: Sendable {
        /// The hosts of workers and of store processes, by rank.
        package var workers: [String]
        package var stores: [String]
        /// How often in a row the run is started again without a checkpoint between, and a worker that fails before training begins.
        package var restarts: Int
        /// Seconds without a message after which a coordinator is hung.
        package var silence: Double

        package init(workers: [String], stores: [String], restarts: Int, silence: Double) {
            (self.workers, self.stores, self.restarts, self.silence) = (workers, stores, restarts, silence)
        }

        func host(of child: ChildName) -> String { child.role == .store ? stores[child.rank] : workers[child.rank] }
    }

    /// Seconds for which a coordinator may be busy with its end: so long it waits for a disk that takes nothing.
    static let conclusion = 65.0

    let plan: Plan
    package internal(set) var isInterrupted = false
    var interrupts = 0 { didSet { isInterrupted = interrupts > 0 } }
    var phase = Phase.idle
    var children: [ChildName: Child] = [:]
    var lostHosts: Set<String> = []
    /// Losses in a row without a checkpoint, or a step that was reached for the first time, between them.
    private var inARow = 0
    private var checkpoint: Int?
    /// The last committed step that any coordinator has told of.
    var committed = 0
    /// Whether a step was committed since the loss before.
    private var hasAdvanced = false
    /// Where the last coordinator listened.
    private var address: String?
    private var lastTick: Double?
    private var effects: [SupervisorEffect] = []

    package init(_ plan: Plan) { self.plan = plan }

    package var hasFinished: Bool { if case .finished = phase { true } else { false } }

    /// Takes one event.
    /// - Parameter now: Seconds on the supervisor's clock.
    /// - Returns: What must be done, in this order.
    package mutating func handle(_ event: SupervisorEvent, at now: Double) -> [SupervisorEffect] {
        defer { effects = [] }
        guard !hasFinished else { return [] }
        switch event {
        case .begin: if case .idle = phase { emit(.askProgress) }
        case .progress(let progress): take(progress, at: now)
        case .told(let message): told(message, at: now)
        case .evicted(let child): if children[child]?.isRunning == true { children[child]?.killsAt = now + 0.5 }
        case .coordinatorEnded(let end): if case .running(let coordinator) = phase { clear(coordinator, end, at: now) }
        case .ended(let child, let end): ended(child, end, at: now)
        case .host(let event): take(event, at: now)
        case .interrupt: interrupt(at: now)
        case .tick(let hostSilence): tick(hostSilence: hostSilence, at: now)
        }
        return effects
    }

    mutating func emit(_ effect: SupervisorEffect) { effects.append(effect) }

    // MARK: Starting

    private mutating func take(_ progress: RunProgress, at now: Double) {
        switch phase {
        case .idle:
            checkpoint = progress.checkpoint
            start(reason: nil, resumes: false)
        case .asking(let reason):
            inARow = progress.checkpoint == checkpoint && !hasAdvanced ? inARow + 1 : 1
            (checkpoint, hasAdvanced) = (progress.checkpoint, false)
            guard inARow <= plan.restarts else {
                if plan.restarts > 0 { emit(.complain("\(reason) \(inARow) times in a row: the run is not started again")) }
                return finish(.asCoordinator, at: now)
            }
            // At once after the first loss; a cause that stays gets more and more time to go away.
            guard inARow > 1 else { return start(reason: reason, resumes: progress.canResume) }
            phase = .pausing(until: now + Backoff.seconds(inARow), reason: reason, resumes: progress.canResume)
        case .running, .clearing, .pausing, .finished: break
        }
    }

    private mutating func start(reason: String?, resumes: Bool) {
        phase = .running(RunningCoordinator())
        emit(.startCoordinator(reason: reason, resumes: resumes, at: address))
        // Interrupted while nobody was there to be told.
        if interrupts > 0 { emit(.signalCoordinator(SIGTERM)) }
    }

    // MARK: The coordinator

    private mutating func told(_ message: SupervisorMessage, at now: Double) {
        if case .clearing(var clearing) = phase, case .ended(let reason) = message, clearing.loss != nil {
            clearing.loss = reason
            phase = .clearing(clearing)
            return
        }
        guard case .running(var coordinator) = phase else { return }
        if coordinator.heard != nil || message == .alive { coordinator.heard = now }
        var isReady = false
        switch message {
        case .alive, .evicted: break
        case .listening(let address):
            isReady = coordinator.address == nil
            coordinator.address = address
            // Nobody finds a coordinator that had to listen elsewhere.
            if let before = self.address, before != address { signalRunning(SIGKILL) }
            self.address = address
        case .needs(let workers): coordinator.needed = workers
        case .committed(let step):
            (coordinator.committed, coordinator.hasBegun, coordinator.isPaused) = (step, true, false)
            if step > committed { (committed, hasAdvanced) = (step, true) }
        case .training: (coordinator.hasBegun, coordinator.isPaused) = (true, false)
        case .paused: coordinator.isPaused = true
        case .concluding:
            coordinator.isConcluding = true
            if let failure = coordinator.failure { coordinator.failure?.killsAt = max(failure.killsAt, now + Self.conclusion) }
        case .ended(let reason): coordinator.reason = reason
        }
        phase = .running(coordinator)
        if isReady {
            for name in allChildren where children[name]?.isRunning != true { startChild(name, at: now) }
        }
        considerFailure(at: now)
    }

    private mutating func interrupt(at now: Double) {
        interrupts += 1
        switch phase {
        case .idle, .finished: break
        case .running: emit(.signalCoordinator(interrupts == 1 ? SIGTERM : SIGKILL))
        case .clearing(var clearing):
            guard interrupts > 1 else { return }
            clearing.killsAt = min(clearing.killsAt, now + 2)
            phase = .clearing(clearing)
            signalRunning(SIGTERM)
        case .asking, .pausing: finish(.asCoordinator, at: now)
        }
    }

    /// The coordinator is gone without a word: the other processes wait for its successor.
    private mutating func succeed(_ loss: String) {
        phase = .asking(reason: loss)
        emit(.askProgress)
    }

    /// The coordinator has ended: its processes hear that from it, or find it gone.
    private mutating func clear(_ coordinator: RunningCoordinator, _ end: ProcessEnd, at now: Double) {
        if interrupts == 0, coordinator.failure == nil, end.outOfReach == nil, coordinator.hasBegun {
            if let hung = coordinator.hung { return succeed(hung) }
            if end.code >= 128 { return succeed("the coordinator was ended by signal \(end.code - 128)") }
        }
        var clearing = Clearing(notBefore: now + 0.05, killsAt: now + 10)
        if let failure = coordinator.failure, end.code == 0 || end.code >= 128 {
            clearing.outcome = .failed(code: failure.code, sentence: failure.sentence)
        } else if end.outOfReach != nil {
            // It ends by itself with a checkpoint when its host notices, and needs the other hosts' parameters for that.
            clearing.killsAt = now + 70
        } else if let hung = coordinator.hung {
            clearing.loss = hung
        } else if end.code >= 128 {
            clearing.loss = "the coordinator was ended by signal \(end.code - 128)"
        } else if end.code == CommandFailure.unavailable {
            clearing.loss = coordinator.reason ?? "a process was lost"
        }
        if interrupts > 1 {
            clearing.killsAt = now + 2
            signalRunning(SIGTERM)
        } else if end.code >= 128, end.outOfReach == nil {
            // Nobody has told them that the run is over.
            signalRunning(SIGTERM)
        } else if end.outOfReach == nil {
            // A young process may not have joined, and then nobody tells it anything.
            for (name, child) in runningChildren where now - child.started < 2 { emit(.signal(name, SIGTERM)) }
        }
        for name in children.keys { children[name]?.forgetRestart() }
        phase = .clearing(clearing)
    }

    private mutating func conclude(_ clearing: Clearing) {
        guard let loss = clearing.loss, interrupts == 0 else { return finish(clearing.outcome, at: nil) }
        phase = .asking(reason: loss)
        emit(.askProgress)
    }

    /// Ends, once no process is left.
    /// - Parameter now: Nil if those that are left do not even end when they are killed.
    private mutating func finish(_ outcome: SupervisorOutcome, at now: Double?) {
        if let now, !runningChildren.isEmpty {
            phase = .clearing(Clearing(outcome: outcome, notBefore: now, killsAt: now + 2))
            return signalRunning(SIGTERM)
        }
        phase = .finished
        emit(.finish(outcome))
    }

    // MARK: Time

    private mutating func tick(hostSilence: Double, at now: Double) {
        // A supervisor that was stopped itself has not read what the coordinator said meanwhile.
        let gap = max(0, now - (lastTick ?? now))
        lastTick = now
        switch phase {
        case .idle, .asking, .finished: break
        case .pausing(let until, let reason, let resumes): if now >= until { start(reason: reason, resumes: resumes) }
        case .running(var coordinator):
            if gap > 1, let heard = coordinator.heard { coordinator.heard = heard + gap }
            judge(&coordinator, hostSilence: hostSilence, at: now)
            phase = .running(coordinator)
            tickChildren(at: now)
        case .clearing(var clearing):
            if now >= clearing.killsAt, !clearing.hasKilled {
                clearing.hasKilled = true
                phase = .clearing(clearing)
                signalRunning(SIGKILL)
            }
            let isClear = runningChildren.isEmpty && now >= clearing.notBefore
            if isClear || now >= clearing.endsAt { conclude(clearing) }
        }
    }

    /// Ends a coordinator that hangs, or that is to end and does not.
    private mutating func judge(_ coordinator: inout RunningCoordinator, hostSilence: Double, at now: Double) {
        if let heard = coordinator.heard, !coordinator.isConcluding, coordinator.hung == nil, now - hostSilence - heard > plan.silence {
            coordinator.hung = "the coordinator said nothing for \(Int(plan.silence)) seconds"
            emit(.signalCoordinator(SIGKILL))
        }
        guard var failure = coordinator.failure else { return }
        if now >= failure.asksAt {
            // A spare may have taken the place meanwhile.
            guard firstFailure(coordinator) != nil else {
                emit(.complain("\(failure.sentence); it is not started again"))
                return coordinator.failure = nil
            }
            failure.asksAt = .infinity
            emit(.signalCoordinator(SIGTERM))
        }
        if now >= failure.killsAt {
            failure.killsAt = .infinity
            emit(.signalCoordinator(SIGKILL))
        }
        coordinator.failure = failure
    }
}
