import RunLog
import SwiftProtobuf
import Threading
import Wire

/// What a loss means for the run: the attempt ends everywhere, survivors hold, and when every place is taken again the run
/// goes on from the last committed step.
extension CoordinatorService {
    /// A member is gone, or says that it cannot go on.
    /// - Parameter isFault: false for what it says itself: before the first step it would say the same again.
    func lose(_ member: Member, because reason: String, isFault: Bool) {
        guard members.removeValue(forKey: ObjectIdentifier(member.link)) != nil else { return }
        member.link.finish()
        let id = ObjectIdentifier(member.link)
        members = members.filter { $0.value.role != .heartbeat(of: id) }
        let hadAskedToLeave = leaving.remove(id) != nil
        guard !hasEnded else { return }
        guard let name = member.name else {
            guard member.role == .leaving, holdsValues(id), let name = member.lastName else { return }
            let sentence = "\(name) is gone before it had handed over its parameters: \(reason)"
            writer.event("lost", sentence, ["role": name.role.rawValue, "rank": "\(name.rank)", "process": "\(name.processID)"])
            return end(.lost("\(sentence); continue with --resume \(writer.directory.path)"))
        }
        // A verdict names its culprit itself.
        let sentence = reason.hasPrefix(name.description) ? reason : "\(name) is gone: \(reason)"
        writer.event("lost", sentence, ["role": name.role.rawValue, "rank": "\(name.rank)", "process": "\(name.processID)"])
        if name.role == .store { return end(.lost("\(sentence); continue with --resume \(writer.directory.path)")) }
        if !isFault, !hasStarted { return end(.failed("\(name): \(reason)")) }
        forget(name)
        rendezvous.vacate(worker: name.rank)
        if hadAskedToLeave { abandoned += 1 }
        abort(because: sentence)
    }

    /// A place is somebody else's from now on.
    func forget(_ name: ProcessName) {
        health.remove(name)
        board.forget(name)
        if name.role == .worker { stragglers.forget(worker: name.rank) }
    }

    /// A worker says that a connection of its has broken. Where the other end is gone the coordinator hears of that itself.
    func received(_ lost: WireLinkLost, from member: Member) {
        guard let name = member.name else { return }
        let now = attempt
        let other = "\(lost.role.word) \(lost.rank)"
        loop.schedule(after: 0.3) { [weak self] in
            guard let self, attempt == now, !hasEnded else { return }
            let sentence = "the connection between \(name.short) and \(other) broke: \(lost.reason)"
            writer.event("link-lost", sentence, ["from": name.short, "to": other])
            news(.verdict(sentence))
            abort(because: sentence)
        }
    }

    /// Ends the attempt: what is not committed is dropped.
    /// - Parameter isLoss: false where somebody left before there was anything to lose.
    func abort(because reason: String, isLoss: Bool = true) {
        attempt += 1
        let committed = ledger.committed
        if isLoss { losses.add(committed: committed) }
        guard losses.inARow <= plan.restarts else {
            return end(.failed("\(reason); step \(committed + 1) was begun \(losses.inARow) times without success"))
        }
        isTraining = false
        isRecovering = hasStarted
        joinDeadline = MonotonicClock.now + plan.joinPatience
        ledger.abort(validated: !isValidationMissing(after: committed))
        records.abort()
        // Before everybody was there, nobody had anything to lose.
        if placement != nil {
            var message = WireAbort()
            (message.attempt, message.committed, message.reason) = (attempt, UInt64(committed), reason)
            broadcast(.with { $0.abort = message })
        }
        // Nobody need come back for a run that is to end: it ends with what is committed.
        if isStopping, moves.isEmpty { return endAfterStop() }
        if isLoss {
            writer.event("hold", "step \(committed + 1) and what follows is trained again: \(reason)", ["step": "\(committed)"])
            news(.holding(reason: reason, step: committed))
        }
        promoteSpares()
        sendTopologyIfComplete()
        considerChange()
    }

    /// Everybody is there again.
    func resumed() {
        let committed = ledger.committed
        writer.event("recovered", "goes on after step \(committed)", ["step": "\(committed)", "attempt": "\(attempt)"])
        news(.resumed(fromStep: committed))
    }

    /// Has the last committed step validated where that was lost with the attempt before, or with the run that is continued.
    func validateBase() {
        guard isValidationMissing(after: ledger.committed) else { return }
        var grant = WireGrant()
        (grant.step, grant.validate) = (UInt64(ledger.committed), true)
        broadcast(.with { $0.grant = grant })
    }

    // MARK: Hung processes and lost frames

    func watchHealth() {
        loop.schedule(after: 0.25) { [weak self] in
            guard let self, !hasEnded else { return }
            let facts = isTraining
                ? HealthMonitor.Facts(
                    attempt: attempt, committed: ledger.committed, granted: ledger.granted,
                    missingWorkers: ledger.missingWorkers, missingStores: ledger.missingStores, placement: placement)
                : nil
            if let verdict = health.judge(at: MonotonicClock.now, facts) { execute(verdict) }
            watchHealth()
        }
    }

    private func execute(_ verdict: Verdict) {
        var facts = ["deadline": "\(verdict.deadline)", "waiting": verdict.waiting.map(\.short).joined(separator: " ")]
        news(.verdict(verdict.sentence))
        switch verdict.culprit {
        case .connection(let from, let to):
            (facts["from"], facts["to"]) = (from.short, to.short)
            writer.event("verdict", verdict.sentence, facts)
            abort(because: verdict.sentence)
        case .process(let name):
            (facts["role"], facts["rank"], facts["process"]) = (name.role.rawValue, "\(name.rank)", "\(name.processID)")
            facts["host"] = name.host
            writer.event("verdict", verdict.sentence, facts)
            guard let member = members.values.first(where: { $0.name == name }) else { return health.remove(name) }
            var finish = WireFinish()
            (finish.failed, finish.reason) = (true, "the coordinator took this process for hung: \(verdict.sentence)")
            member.link.send(.with { $0.finish = finish }, run: run)
            // Whoever started it may end it: a process that is stopped does not read that it should.
            writer.event("evicted", "\(name) is to be ended", facts)
            lose(member, because: verdict.sentence, isFault: true)
            let link = member.link
            loop.schedule(after: 1) { link.cancel("evicted") }
        }
    }
}
