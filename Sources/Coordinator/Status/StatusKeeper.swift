import Partition
import Protocol
import RunLog

/// Keeps what the run's status shows: the last heartbeats, times, memory and clocks, and writes it as status.json.
struct StatusKeeper {
    private var board = StatusBoard()
    private var summary = WorkSummary()
    private var pause: String?
    private let recorder: RunRecorder
    private let listener: (@Sendable (RunStatus) -> Void)?

    /// - Parameter listener: Called with every status as it is written.
    init(_ recorder: RunRecorder, listener: (@Sendable (RunStatus) -> Void)?) {
        (self.recorder, self.listener) = (recorder, listener)
    }

    /// What workers and stores have reported of their time and memory.
    var work: [RunRecord.Work] { summary.lines }

    mutating func note(_ entry: JournalEntry) {
        switch entry {
        case .step(let step): board.add(step)
        case .paused(let step, let reasons): pause = "paused after step \(step): \(reasons.joined(separator: "; "))"
        case .smallerLayout(let sentence, _): pause = sentence
        case .started, .resumed: pause = nil
        // The process that had the assignment before is gone.
        case .failure(let participant, _), .joined(let participant, _): board.forget(role: participant.role, rank: participant.rank)
        default: break
        }
    }

    /// Ranks may belong to other processes from here on.
    mutating func note(_ participation: Participation) { if participation.isNewLayout { board.rearrange() } }

    mutating func add(_ report: WireStepReport, worker rank: Int) {
        board.add(report, worker: rank)
        summary.add(worker: rank, report)
    }

    mutating func add(_ stored: WireStepStored, store rank: Int) {
        board.add(stored, store: rank)
        summary.add(store: rank, stored)
    }

    mutating func hear(_ process: ProcessName, _ heartbeat: WireHeartbeat) { board.hear(process, heartbeat) }

    func clock(ofProcess process: ProcessName) -> ProcessClock? { board.clocks[process] }

    /// The clock of the process that has this role and rank.
    func clock(of process: ProcessName) -> ProcessClock? {
        board.clocks.first { $0.key.role == process.role && $0.key.rank == process.rank }?.value
    }

    /// Records the status of now in status.json.
    /// - Parameter now: Seconds on the coordinator's monotonic clock.
    func write(_ state: RunState, at now: Double) {
        var status = board.status(
            state.health, step: state.ledger.committed, attempt: state.attempt,
            columns: { process in
                switch process.role {
                case .worker: Array(state.layout.columns(of: process.rank))
                case .store: state.holdings.columns(ofStore: process.rank)
                }
            }, at: now)
        status.pause = pause
        recorder.write(status)
        listener?(status)
    }
}
