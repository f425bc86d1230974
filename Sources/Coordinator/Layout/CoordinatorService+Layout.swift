import Partition
import RunLog
import SwiftProtobuf
import Threading
import Wire

/// Who asks for another layout, and the way to the boundary between two steps at which it changes: no further steps are granted,
/// those under way are trained, validated and stored.
extension CoordinatorService {
    /// Workers with a place, by rank.
    var placed: [Member] {
        members.values.compactMap { member in
            if case .worker(let rank) = member.role { (rank, member) } else { nil }
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Workers that wait, in the order in which they joined.
    var spares: [Member] { members.values.filter { $0.role == .spare }.sorted { $0.order < $1.order } }

    /// Workers that stay in their places as far as is known.
    private var staying: [Member] { placed.filter { !isLeaving($0) } }

    /// Whether a worker or store has asked to leave. A worker's process takes the store in it along.
    func isLeaving(_ member: Member) -> Bool {
        leaving.contains { id in members[id].map { $0 === member || $0.isSameProcess(as: member) } ?? false }
    }

    /// A worker or store is to end.
    func receivedLeave(from member: Member) {
        guard !leaving.contains(ObjectIdentifier(member.link)), !hasEnded else { return }
        guard let name = member.name else {
            guard member.role == .spare else { return }
            // One that had a place may keep its host's store, whose columns have to go elsewhere first.
            guard members.values.contains(where: { $0.isStore && $0.isSameProcess(as: member) }) else { return release(member) }
            member.role = .leaving
            leaving.insert(ObjectIdentifier(member.link))
            return considerChange()
        }
        // A run that is about to end tells everybody so.
        guard !isStopping else { return }
        leaving.insert(ObjectIdentifier(member.link))
        writer.event(
            "leaving", "\(name) asks to leave", ["role": name.role.rawValue, "rank": "\(name.rank)", "process": "\(name.processID)"])
        news(.layout("\(name.short) on \(name.host) asks to leave"))
        guard hasStarted else { return leaveBeforeTheStart(member, name) }
        considerChange()
    }

    /// Somebody takes the place, as if nobody had been there.
    private func leaveBeforeTheStart(_ member: Member, _ name: ProcessName) {
        guard name.role == .worker else { return }
        guard !members.values.contains(where: { $0.isStore && $0.isSameProcess(as: member) }) else {
            // Its host's shard is known to others already: like a loss before there was a checkpoint.
            return end(.lost("\(name) left with its host's parameter store before the first step"))
        }
        release(member)
        forget(name)
        rendezvous.vacate(worker: name.rank)
        abort(because: "\(name) has left", isLoss: false)
    }

    /// - Returns: why not; nil where it is done at the next boundary.
    func resize(workers: Int, replicas: Int?) -> String? {
        guard hasStarted else { return "the run has not begun: start its coordinator with --workers \(workers)" }
        guard !isStopping, !ledger.isDone else { return "the run is about to end" }
        guard change == nil else { return "its layout is changing already; ask again in a moment" }
        if let refusal = policy.resize(
            workers: workers, replicas: replicas, current: layout, staying: staying.count, spares: spares.count)
        {
            return refusal
        }
        considerChange()
        return nil
    }

    /// Looks whether the layout is to change, and changes it once nothing is under way. Called whenever that may have come true.
    func considerChange() {
        guard hasStarted, !isStopping, !hasEnded, !ledger.isDone, moves.isEmpty, change?.phase != .gathering else { return }
        // While everybody gets ready the next change waits, unless somebody was lost on the way.
        guard isTraining || change == nil || !rendezvous.isComplete else { return }
        let stays = staying
        let leavers = placed.count - stays.count
        let leavingStores = members.values.filter { $0.isStore && isLeaving($0) }
        let now = MonotonicClock.now
        if rendezvous.isComplete { abandoned = 0 }
        let decision = policy.decide(
            current: layout, staying: stays.count, spares: spares.count,
            isLeaving: leavers > 0 || !leavingStores.isEmpty || abandoned > 0, at: now)
        switch decision {
        case .stay: resumeGranting()
        case .ask(let due):
            resumeGranting()
            loop.schedule(after: max(0.01, due - now)) { [weak self] in self?.considerChange() }
        case .drop(let sentence):
            writer.event("layout-dropped", sentence)
            news(.layout(sentence))
            considerChange()
        case .stop: stopBecauseNobodyStays()
        case .change(let target):
            guard !members.values.filter(\.isStore).allSatisfy({ isLeaving($0) }) else { return stopBecauseNobodyStays() }
            ledger.isPaused = true
            guard !isTraining || isAtBoundary else { return }
            begin(target, staying: stays, because: reason(leavers, leavingStores.count))
        }
    }

    /// Everything that was granted is trained, and what hangs on it done; the disk may still be writing.
    private var isAtBoundary: Bool {
        ledger.isAtBoundary && !isValidationMissing(after: ledger.committed) && assemblies.isEmpty
    }

    private func resumeGranting() {
        guard ledger.isPaused else { return }
        ledger.isPaused = false
        if isTraining { perform(ledger.advance()) }
    }

    private func reason(_ leavers: Int, _ stores: Int) -> String {
        if policy.wanted != nil { return "asked over the network" }
        if leavers + stores + abandoned > 0 {
            return [leavers + abandoned > 0 ? "\(leavers + abandoned) \(leavers + abandoned == 1 ? "worker leaves" : "workers leave")" : nil,
                stores > 0 ? "\(stores) \(stores == 1 ? "store leaves" : "stores leave")" : nil].compactMap { $0 }.joined(separator: ", ")
        }
        return "more workers are there"
    }

    private func stopBecauseNobodyStays() {
        writer.event("stop", "the last worker or store leaves")
        stop()
    }
}
