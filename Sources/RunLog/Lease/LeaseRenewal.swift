import Platform

/// The work of a lease's thread: carries out what `RunLease` says, until the lease is released or lost.
struct LeaseRenewal: Sendable {
    let files: LeaseFiles
    let record: LeaseRecord
    let state: Monitor<RunLeaseKeeper.State>

    func run() {
        var record = record
        var effect = RunLease.Effect.pause(state.read { $0.lease.times.interval })
        /// The confirmations that the renewal under way answers.
        var asked = 0
        while true {
            switch effect {
            case .pause(let seconds):
                state.update { $0.answered = asked }
                // A renewal that failed is not repeated at once, however many ask for it.
                let least = state.read { $0.failure == nil ? 0 : min($0.lease.times.pause, 0.1) }
                _ = state.wait(timeout: least) { $0.isStopping ? true : nil }
                _ = state.wait(timeout: seconds - least) { $0.isStopping || $0.asked > asked ? true : nil }
                if state.read({ $0.isStopping }) { return release(record) }
                effect = state.update { state in
                    asked = state.asked
                    return state.lease.woke()
                }
            case .look:
                let began = BootClock.now
                effect = attempt(
                    {
                        try files.newest().map { LeaseSighting(fencing: $0.fencing, record: $0.record, hasOwnerEnded: false) }
                    }, { lease, sighting in lease.saw(sighting, from: began, to: BootClock.now) })
            case .renew(_, let counter):
                record.counter = counter
                effect = attempt({ try files.renew(record) }, { lease, _ in lease.wrote() })
            case .superseded(let sighting), .refused(let sighting): return end(sighting)
            // A lease that is held claims nothing.
            case .claim, .acquired: return
            }
        }
    }

    /// Tells the rules the result of a piece of work with the files, or that it failed.
    private func attempt<Result>(
        _ work: () throws -> Result, _ event: (inout RunLease, Result) -> RunLease.Effect
    ) -> RunLease.Effect {
        do {
            let result = try work()
            return state.update { state in
                state.failure = nil
                return event(&state.lease, result)
            }
        } catch {
            return state.update { state in
                state.failure = RunLogError("the lease of the run cannot be renewed: \(error)", code: (error as? FileError)?.code)
                return state.lease.failed()
            }
        }
    }

    private func end(_ sighting: LeaseSighting?) {
        let host = sighting?.record?.host ?? "an unknown host"
        let sentence = "another coordinator, on \(host), has taken over this run; this one has stopped writing it"
        let listener = state.update { state in
            state.successor = sentence
            return state.listener
        }
        listener?(sentence)
    }

    private func release(_ record: LeaseRecord) {
        var record = record
        record.counter += 1
        record.isReleased = true
        // A process that was stopped and is ended now leaves its successor's run alone.
        guard let newest = try? files.newest(), newest.fencing == record.fencing else { return }
        // Where that fails, the next coordinator finds that the process has ended, or waits.
        try? files.renew(record)
    }
}
