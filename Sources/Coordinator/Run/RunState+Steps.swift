import NeuralNetwork
import Partition
import Protocol
import RunLog

/// Messages of members; grants, reports, commits and validations.
extension RunState {
    mutating func received(_ message: MemberMessage, from id: MemberID, attempt: UInt32, at now: Double) {
        guard let member = roster[id] else { return }
        switch (member.role, message) {
        case (.released, _): break
        case (_, .failure(let reason)): fail(member, because: reason, isFault: false, at: now)
        case (.worker, .leave), (.store, .leave), (.spare, .leave): asksToLeave(member, at: now)
        // It may have said this before it heard that it has no assignment any more.
        case (.spare, _), (.leaving, _): break
        // What was said in an older attempt has no meaning any more.
        case _ where attempt != self.attempt: break
        case (.worker, .ready), (.store, .ready):
            guard case .preparing(var preparing) = phase else { return }
            preparing.ready.insert(id)
            phase = .preparing(preparing)
        case (.worker(let rank), .trained(let report)): trained(report, worker: rank, at: now)
        case (.store(let rank), .stored(let stored)): self.stored(stored, store: rank, at: now)
        case (.worker(let rank), .validated(let report)): validated(report, worker: rank, at: now)
        case (.worker, .linkLost(let lost)): if let name = member.name { linkLost(lost, from: name, at: now) }
        default: emit(.reject(id, reason: "a control message out of place"))
        }
    }

    private mutating func trained(_ report: WireStepReport, worker rank: Int, at now: Double) {
        let step = Int(clamping: report.step)
        guard ledger.isUnderWay(step), changeTally({ $0.add(report, worker: rank) }) else { return }
        switch stragglers.add(worker: rank, seconds: report.leadingSeconds, flops: report.leadingFlops, at: now) {
        case .slow(let worker, let times): journal(.straggler(worker: worker, times: times))
        case .recovered(let worker): journal(.stragglerRecovered(worker: worker))
        case nil: break
        }
        perform(ledger.report(worker: rank, step: step), at: now)
    }

    private mutating func stored(_ stored: WireStepStored, store rank: Int, at now: Double) {
        let step = Int(clamping: stored.step)
        guard ledger.isUnderWay(step), changeTally({ $0.add(stored) }) else { return }
        perform(ledger.stored(store: rank, step: step), at: now)
    }

    private mutating func validated(_ report: WireValidationReport, worker rank: Int, at now: Double) {
        let step = Int(clamping: report.step)
        guard ledger.awaitsValidation(of: step) else { return }
        var isComplete = false
        var error: Double?
        guard
            changeTally({ tally in
                isComplete = tally.add(report, worker: rank)
                error = isComplete ? tally.validation(of: step)?.top1_error : nil
            }), isComplete
        else { return }
        perform(ledger.validated(step: step, error: error), at: now)
    }

    /// - Returns: False where nothing is trained.
    @discardableResult private mutating func changeTally(_ body: (inout StepTally) -> Void) -> Bool {
        guard case .training(var training) = phase else { return false }
        // The tally is this variable's alone while it changes, so that nothing is copied.
        phase = .closing
        body(&training.tally)
        phase = .training(training)
        return true
    }

    // MARK: Actions

    mutating func perform(_ actions: [StepLedger.Action], at now: Double) {
        for action in actions where !hasEnded {
            switch action {
            case .grant(let step, let rate, let validate):
                changeTally { $0.granted(step, rate: rate) }
                broadcast(
                    .grant(
                        Grant(
                            step: step, rate: rate, validates: validate, isTraced: plan.recording.isTraced(step),
                            isMeasured: plan.recording.isMeasured(step))))
            case .validate(let step): broadcast(.grant(Grant(step: step, rate: 0, validates: true, isTraced: false, isMeasured: false)))
            case .commit(let step, let snapshot):
                record(step, at: now)
                sendCommit(step, snapshot: snapshot, at: now)
            case .snapshot(let step): sendCommit(step, snapshot: true, at: now)
            case .validated(let step):
                guard case .training(let training) = phase else { continue }
                if let metrics = training.tally.validation(of: step) { journal(.validated(metrics)) }
                changeTally { $0.forgetValidation(of: step) }
            case .reduced(let step, let rate): journal(.rateReduced(step: step, rate: rate))
            case .plateau(let step): journal(.plateau(step: step))
            }
        }
    }

    private mutating func sendCommit(_ step: Int, snapshot: Bool, at now: Double) {
        guard !hasEnded else { return }
        if snapshot {
            checkpoints.begin(step, at: now)
            emit(.beginCheckpoint(step: step))
        }
        // A store that is about to leave has values until others have them.
        for member in roster.all where member.isStore || member.role == .leaving && holdings.isHolder(member.id) {
            send(.commit(step: step, snapshot: snapshot), to: member.id)
        }
    }

    private mutating func record(_ step: Int, at now: Double) {
        guard case .training(var training) = phase else { return }
        phase = .closing
        let digests = training.tally.digests(of: step)
        let metrics = training.tally.commit(step, at: now)
        phase = .training(training)
        journal(.step(metrics))
        guard metrics.loss.isFinite else {
            end(
                .failed(
                    "the loss of step \(step) is not a number: training diverged; lower optimizer.learning_rate "
                        + "(now \(metrics.learning_rate)) and start again"))
            return
        }
        if plan.recording.isMeasured(step), let norms = StepNorms.line(plan.configuration.network, step: step, digests) {
            journal(.norms(norms))
        }
    }

    // MARK: The end

    mutating func stop(_ why: String, at now: Double) {
        guard !isStopping else { return }
        journal(.stopping(why))
        guard hasStarted else {
            end(.interrupted(step: plan.baseStep))
            return
        }
        switch phase {
        case .waiting(var waiting):
            waiting.isStopping = true
            phase = .waiting(waiting)
        case .preparing(var preparing):
            preparing.isStopping = true
            phase = .preparing(preparing)
        case .training(var training):
            training.isStopping = true
            phase = .training(training)
            // What is granted is trained, and no more.
            perform(ledger.stop(), at: now)
        case .closing, .ended: break
        }
    }

    /// Ends with what is committed, where nothing is trained.
    mutating func close(at now: Double) -> Bool {
        // A store that has come in the place of another has not heard yet which of its parameters count.
        if holdings.isPlaced, !holdings.stores.allSatisfy({ roster[$0] != nil }) {
            guard adoptParameters() else { return true }
            let stores = roster.stores.map(\.id)
            let topology = Topology(
                base: ledger.committed, restores: true, recovers: true, workers: roster.workers.map(\.id), stores: stores,
                placement: holdings.placement)
            for store in stores { send(.topology(topology), to: store) }
        }
        phase = .closing
        perform(ledger.stop(), at: now)
        return true
    }

    mutating func received(_ command: RunCommand, from origin: CommandOrigin, at now: Double) {
        func accept(_ words: String) {
            journal(.command("asked over the network \(words)", peer: ["peer": origin.peer.text].merging(origin.peer.facts) { $1 }))
        }
        var refusal: String?
        switch command {
        case .stop:
            accept("to stop")
            stop("asked to stop", at: now)
        case .checkpoint:
            if ledger.committed == ledger.last || isStopping {
                refusal = "the run is about to end, with a checkpoint"
            } else {
                ledger.wantsSnapshot = true
                accept("for a checkpoint")
            }
        case .resize(let workers, let replicas):
            refusal = resize(workers: workers, replicas: replicas)
            if refusal == nil { accept("for \(workers) workers\(replicas.map { " in \($0) replicas" } ?? "")") }
        }
        emit(.answer(origin, refusal: refusal))
    }
}
