public import RunLog
public import Security

/// Something that happened in a run. It is recorded once; events.jsonl, metrics.jsonl, the terminal, the metrics endpoint and the supervisor
/// all read it from here.
public enum JournalEntry: Sendable {
    // Joining
    case listening(SocketAddress)
    case waiting(workers: Int, stores: Int, SocketAddress)
    case joined(Participant, peer: [String: String])
    case refused(String)
    case spare(place: String)
    /// A worker's host has no copy of the data set.
    case fetching(rank: Int, host: String, bytes: Int)
    /// The run starts from a trained network's values, but for the tensors listed.
    case initialized(from: String, drawn: [String])
    case grouped(workers: Int)
    case started(from: Int, last: Int)

    // Failures
    case failure(Participant, sentence: String)
    case linkLost(sentence: String, from: String, to: String)
    case verdict(sentence: String, facts: [String: String])
    case evicted(Participant, sentence: String, facts: [String: String])
    /// Everything that failed at the same moment, as one incident.
    case paused(step: Int, reasons: [String])
    case resumed(step: Int, attempt: UInt32)
    /// The run was restarted, from a checkpoint or from what stores still had in memory.
    case restarted(step: Int, reason: String, fromMemory: Bool)
    case checkpointDamaged(String)
    case straggler(worker: Int, times: Double)
    case stragglerRecovered(worker: Int)

    // Layout
    case leaving(Participant)
    case left(role: String, process: Int, sentence: String)
    case layout(sentence: String, facts: [String: String])
    case layoutDropped(String)
    /// Somebody is missing in a pause, and the others could continue in this layout.
    case smallerLayout(sentence: String, facts: [String: String])

    // Steps
    case step(StepMetrics)
    case norms(NormsMetrics)
    case validated(ValidationMetrics)
    case rateReduced(step: Int, rate: Float)
    case plateau(step: Int)
    case checkpoint(step: Int, path: String)
    /// A checkpoint could not be written; another is tried later.
    case checkpointFailed(step: Int, reason: String)

    // The run's disk
    case logWaiting(LogBacklog, isReminder: Bool)
    case logWritten(LogBacklog)

    // Ends and requests
    case stopping(String)
    case command(String, peer: [String: String])
    /// Anything else, by the event's kind.
    case note(kind: String, String, facts: [String: String] = [:])
}

/// A worker or store of a run, for people.
public struct Participant: Sendable, Equatable {
    public let role: String
    public let rank: Int
    public let host: String
    public let process: Int
    public let address: String

    /// `worker 1 on host (process 42)`
    public var description: String { "\(short) on \(host) (process \(process))" }
    public var short: String { "\(role) \(rank)" }
    var facts: [String: String] { ["role": role, "rank": "\(rank)", "process": "\(process)"] }
}

extension JournalEntry {
    /// The line of events.jsonl; nil for what is no event. Kinds and keys are a contract: docs/schemas/events.schema.json.
    package var event: (kind: String, message: String, facts: [String: String])? {
        switch self {
        case .listening, .waiting, .step, .norms, .validated, .logWaiting(_, isReminder: true): return nil
        case .joined(let participant, let peer):
            return (
                "joined", "\(participant.short) on \(participant.host)",
                participant.facts.merging(["address": participant.address]) { $1 }.merging(peer) { $1 }
            )
        case .refused(let sentence): return ("refused", sentence, [:])
        case .spare(let place): return ("spare", "a worker on \(place) waits as a spare", [:])
        case .fetching(let rank, let host, _): return ("data", "worker \(rank) on \(host) fetches the data set", [:])
        case .initialized(let path, let drawn):
            return ("initialized", "initial values from \(path)", ["anew": drawn.joined(separator: " ")])
        case .grouped(let workers):
            return (
                "grouped", "\(workers) workers have other ranks than they joined with, so that the workers of a host are neighbours", [:]
            )
        case .started(let from, let last):
            return (
                "started", from == last ? "all \(last) steps are trained" : "training from step \(from + 1) to \(last)",
                ["step": "\(min(from + 1, last))"]
            )
        case .failure(let participant, let sentence): return ("lost", sentence, participant.facts)
        case .linkLost(let sentence, let from, let to): return ("link-lost", sentence, ["from": from, "to": to])
        case .verdict(let sentence, let facts): return ("verdict", sentence, facts)
        case .evicted(let participant, _, let facts):
            return ("evicted", "\(participant.description) will be ended", facts.merging(participant.facts) { $1 })
        case .paused(let step, let reasons):
            return (
                "hold", "step \(step + 1) and what follows is trained again: \(reasons.joined(separator: "; "))", ["step": "\(step)"]
            )
        case .resumed(let step, let attempt):
            return ("recovered", "continues after step \(step)", ["step": "\(step)", "attempt": "\(attempt)"])
        case .restarted(let step, let reason, let fromMemory):
            let source = fromMemory ? "the last committed, which the stores still have" : "of the last checkpoint"
            return (
                "recovered", "restarted from step \(step), \(source): \(reason)",
                ["step": "\(step)", "source": fromMemory ? "memory" : "checkpoint"]
            )
        case .checkpointDamaged(let reason): return ("checkpoint-damaged", reason, [:])
        case .straggler(let worker, let times):
            return ("straggler", Self.straggler(worker, times), ["rank": "\(worker)", "times": "\(times)"])
        case .stragglerRecovered(let worker): return ("straggler-recovered", "worker \(worker) keeps up again", ["rank": "\(worker)"])
        case .leaving(let participant): return ("leaving", "\(participant.description) asks to leave", participant.facts)
        case .left(let role, let process, let sentence): return ("left", sentence, ["role": role, "process": "\(process)"])
        case .layout(let sentence, let facts): return ("layout", sentence, facts)
        case .layoutDropped(let sentence): return ("layout-dropped", sentence, [:])
        case .smallerLayout(let sentence, let facts): return ("smaller-layout", sentence, facts)
        case .rateReduced(let step, let rate):
            return (
                "learning-rate", "the validation error stopped improving: rate \(rate) from step \(step + 1)", ["step": "\(step + 1)"]
            )
        case .plateau(let step):
            return ("plateau", "the validation error stopped improving at the last rate: training ends", ["step": "\(step)"])
        case .checkpoint(let step, let path): return ("checkpoint", "checkpoint of step \(step)", ["path": path, "step": "\(step)"])
        case .checkpointFailed(let step, let reason): return ("checkpoint-failed", Self.checkpointFailed(step, reason), ["step": "\(step)"])
        case .logWaiting(let backlog, _): return ("log-waiting", backlog.waitingSentence, [:])
        case .logWritten(let backlog):
            return ("log-written", backlog.writtenSentence, ["lines": "\(backlog.written)", "dropped": "\(backlog.droppedCount)"])
        case .stopping(let sentence): return ("stop", sentence, [:])
        case .command(let sentence, let peer): return ("command", sentence, peer)
        case .note(let kind, let sentence, let facts): return (kind, sentence, facts)
        }
    }

    public static func checkpointFailed(_ step: Int, _ reason: String) -> String {
        "the checkpoint of step \(step) cannot be written, another is tried later: \(reason)"
    }

    public static func straggler(_ worker: Int, _ times: Double) -> String {
        "worker \(worker) takes \((times * 10).rounded() / 10) times as long as the others for the same work"
    }
}
