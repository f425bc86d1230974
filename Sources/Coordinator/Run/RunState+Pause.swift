import NeuralNetwork
import Partition

/// A pause in which somebody does not come back: what would continue the run, and its end with what is committed.
extension RunState {
    /// Seconds for which a supervisor or a spare has time to replace who failed.
    private static let patience = 5.0

    /// Says in which layout the members that are here could continue, whenever that has changed.
    mutating func nameSmallerLayout(at now: Double) {
        guard case .waiting(var waiting) = phase, waiting.pause.isFailure, !waiting.isStopping, policy.wanted == nil else { return }
        let began = waiting.deadline - plan.limits.joinPatience
        guard now >= began + min(Self.patience, plan.limits.joinPatience / 2) else { return }
        let possible = ColumnLayout.largest(
            columns: layout.columns, slices: plan.configuration.recipe.slices, available: roster.staying.count + roster.spares.count,
            replicas: layout.replicas)
        guard let possible, possible.workers < layout.workers, possible != waiting.named else { return }
        waiting.named = possible
        phase = .waiting(waiting)
        let missing = rendezvous.workersMissing
        let (are, them, come) = missing == 1 ? ("is", "it", "it comes") : ("are", "them", "they come")
        let command = "colonnade runs resize \(runName) --workers \(possible.workers)"
        let shrinks = plan.limits.shrinkPatience > 0 && plan.limits.shrinkPatience < plan.limits.joinPatience
        let rest = max(0, Int((shrinks ? began + plan.limits.shrinkPatience : waiting.deadline) - now))
        let otherwise = shrinks ? "otherwise it does so by itself" : "otherwise the run ends with a checkpoint"
        let sentence =
            "\(missing) of \(layout.description) \(are) missing: \(command) continues without \(them); \(otherwise) in \(rest) seconds, "
            + "unless \(come) back"
        journal(.smallerLayout(sentence: sentence, facts: ["workers": "\(possible.workers)", "replicas": "\(possible.replicas)"]))
    }

    /// Gives up the workers that do not come back, if the others can form a smaller layout: then the layout changes to it. When somebody joins
    /// later, it grows again.
    mutating func shrinkIfDue(at now: Double) {
        guard case .waiting(var waiting) = phase, waiting.pause.isFailure, !waiting.isStopping, policy.wanted == nil,
            plan.limits.shrinkPatience > 0, now >= waiting.deadline - plan.limits.joinPatience + plan.limits.shrinkPatience,
            rendezvous.workersMissing > waiting.abandoned, roster.staying.count + roster.spares.count > 0
        else { return }
        (waiting.abandoned, waiting.givesUp) = (rendezvous.workersMissing, true)
        phase = .waiting(waiting)
    }

    /// The pause has lasted too long. What is committed is written to a checkpoint before the run ends, if training had begun and nothing is
    /// missing of the parameters.
    mutating func giveUpPause(_ waiting: Waiting, because sentence: String) {
        guard hasStarted else {
            // A run that has begun before may only have to wait longer for a host; one that never had its workers may never get them.
            end(plan.baseStep > 0 ? .lost("\(sentence); continue with --resume \(plan.directory)") : .failed(sentence))
            return
        }
        guard holdings.isPlaced, holdings.isComplete else {
            end(.lost("\(sentence); continue with --resume \(plan.directory)"))
            return
        }
        var waiting = waiting
        waiting.isStopping = true
        phase = .waiting(waiting)
        failures.endOfPause = sentence
    }

    /// The outcome of a run whose last checkpoint is written and in which nothing is trained any more.
    var outcomeOfClosing: RunOutcome {
        // A last validation that nobody is left to do is made up for when the run is resumed.
        guard ledger.committed < plan.steps || ledger.validationDue != nil else { return .finished(step: ledger.committed) }
        guard let reason = failures.endOfPause else { return .interrupted(step: ledger.committed) }
        return .lost("\(reason). Step \(ledger.committed) is in a checkpoint; continue with --resume \(plan.directory)")
    }

    private var runName: String { plan.directory.split(separator: "/").last.map(String.init) ?? "RUN" }
}
