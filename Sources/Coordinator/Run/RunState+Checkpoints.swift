/// Checkpoints that are due by time, and those that could not be written.
extension RunState {
    /// Looks whether the time has come for a checkpoint, after every event.
    mutating func considerCheckpoint(at now: Double) {
        if case .training = phase { checkpoints.start(at: now) }
        ledger.hasRoomForSnapshot = !checkpoints.isPostponed(at: now)
        if case .training = phase, checkpoints.isDue(at: now) { ledger.wantsSnapshot = true }
        guard hasAllStores, checkpoints.retriesLastStep(at: now) else { return }
        perform(ledger.finalSnapshot(), at: now)
    }

    /// Whether every store can be asked for a checkpoint: in other phases one may be missing, and a checkpoint would not become complete.
    private var hasAllStores: Bool {
        switch phase {
        case .training, .closing: true
        case .waiting, .preparing, .ended: false
        }
    }

    /// - Parameter isPermanent: Whether every other try would fail in the same way.
    mutating func checkpointFailed(_ step: Int, _ reason: String, isPermanent: Bool, at now: Double) {
        let isLast = step == ledger.last && step == ledger.committed
        ledger.snapshotFailed(step)
        let isTriedAgain = checkpoints.failed(step, isLast: isLast, at: now)
        let sentence = "the checkpoint of step \(step) cannot be written: \(reason)"
        guard !isPermanent else {
            end(.failed(sentence))
            return
        }
        guard isTriedAgain else {
            end(.unsaved("\(sentence); make room for it and continue with --resume \(plan.directory)"))
            return
        }
        if checkpoints.tells(at: now) { journal(.checkpointFailed(step: step, reason: reason)) }
    }
}
