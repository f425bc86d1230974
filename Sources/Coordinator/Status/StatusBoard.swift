import Partition
import Platform
import Protocol
import RunLog

/// What the run's status says beyond the last heartbeats: how workers spend their time, what everybody holds, and how far
/// their clocks are off.
struct StatusBoard {
    /// Of a step, smoothed over the last ones.
    private struct Times {
        var seconds = 0.0
        var exchange = 0.0
        var store = 0.0
        var data = 0.0

        mutating func add(_ report: WireStepReport) {
            // A fifth of what is new: some ten steps.
            let weight = seconds == 0 ? 1 : 0.2
            func mix(_ old: inout Double, _ new: Double) { old += weight * (max(0, new) - old) }
            mix(&seconds, report.seconds)
            mix(&exchange, report.exchangeWait)
            mix(&store, report.storeWait)
            mix(&data, report.dataWait)
        }

        var share: RunStatus.Share? {
            guard seconds > 0, seconds.isFinite else { return nil }
            func part(_ value: Double) -> Double { min(max(value / seconds, 0), 1) }
            let (exchanging, waiting, loading) = (part(exchange), part(store), part(data))
            return RunStatus.Share(
                computing: max(0, 1 - exchanging - waiting - loading), exchanging: exchanging, waiting: waiting, loading: loading)
        }
    }

    private var times: [Int: Times] = [:]
    private var bytes: [ProcessName.Role: [Int: Int]] = [:]
    private(set) var clocks: [ProcessName: ProcessClock] = [:]
    /// Images per second of the last steps.
    private var rate: Double?

    mutating func add(_ report: WireStepReport, worker rank: Int) {
        times[rank, default: Times()].add(report)
        if report.memory > 0 { bytes[.worker, default: [:]][rank] = Int(clamping: report.memory) }
    }

    mutating func add(_ stored: WireStepStored, store rank: Int) {
        if stored.memory > 0 { bytes[.store, default: [:]][rank] = Int(clamping: stored.memory) }
    }

    mutating func add(_ step: StepMetrics) {
        guard step.images_per_second.isFinite else { return }
        rate = rate.map { $0 + 0.2 * (step.images_per_second - $0) } ?? step.images_per_second
    }

    mutating func hear(_ process: ProcessName, _ heartbeat: WireHeartbeat) {
        if heartbeat.clockUncertainty > 0 { clocks[process] = ProcessClock(heartbeat) }
    }

    /// Ranks mean other processes from here on.
    mutating func rearrange() { (times, bytes, clocks) = ([:], [:], [:]) }

    /// Forgets a process that is gone.
    mutating func forget(role: String, rank: Int) {
        clocks = clocks.filter { $0.key.role.rawValue != role || $0.key.rank != rank }
        guard let role = ProcessName.Role(rawValue: role) else { return }
        if role == .worker { times[rank] = nil }
        bytes[role]?[rank] = nil
    }

    /// - Parameters:
    ///   - columns: of a process.
    ///   - now: on the coordinator's monotonic clock.
    func status(
        _ health: HealthMonitor, step: Int, attempt: UInt32, columns: (ProcessName) -> [Int], at now: Double
    ) -> RunStatus {
        let all = health.workers.sorted { $0.key < $1.key }.map(\.value) + health.stores.sorted { $0.key < $1.key }.map(\.value)
        return RunStatus(
            time: Timestamp.text(WallClock.now), step: step, attempt: Int(attempt), imagesPerSecond: rate,
            processes: all.map { health in
                let (process, heartbeat) = (health.process, health.heartbeat)
                return RunStatus.Process(
                    role: process.role.rawValue, rank: process.rank, host: process.host, process: process.processID,
                    columns: columns(process), phase: heartbeat.phase.word, instruction: heartbeat.instruction,
                    step: Int(clamping: heartbeat.step), forSeconds: heartbeat.seconds, usualSeconds: heartbeat.usual,
                    silentSeconds: max(0, health.silence(now)),
                    share: process.role == .worker ? times[process.rank]?.share : nil,
                    bytes: bytes[process.role]?[process.rank], clock: clocks[process]?.record)
            })
    }
}

extension WireHeartbeat.Phase {
    /// As status.json has it.
    fileprivate var word: String {
        switch self {
        case .preparing: "preparing"
        case .computing: "computing"
        case .awaitingSlab: "awaiting_slab"
        case .awaitingValue: "awaiting_value"
        case .awaitingGrant: "awaiting_grant"
        case .awaitingPictures: "awaiting_pictures"
        case .holding: "holding"
        case .updating: "updating"
        case .sending: "sending"
        case .idle, .UNRECOGNIZED: "idle"
        }
    }
}
