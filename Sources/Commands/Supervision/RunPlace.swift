import Foundation
import RunLog

/// Where a supervised run lies and its processes are started: this machine for `train`, other hosts for `launch`.
/// On the supervisor's thread, but for what says otherwise.
protocol RunPlace: AnyObject {
    /// The run's directory, where the coordinator finds it.
    var directory: String { get }
    /// How far the run is, as its directory tells.
    var progress: RunProgress { get }

    /// - Parameter arguments: all but where it listens and the run's directory.
    func startCoordinator(_ arguments: [String]) throws -> any RoleProcess
    /// Where the coordinator that was started last takes connections; nil before it does.
    func coordinatorAddress() -> String?
    func start(_ role: String, _ rank: Int, coordinator address: String) throws -> any RoleProcess
    /// Processes that the coordinator wants to be ended, since the last call.
    func evictions() -> [Eviction]
    /// A process has ended that is started again.
    func willStartAgain(_ process: any RoleProcess, after code: Int32)
}

/// A process of a run, wherever it is.
protocol RoleProcess: AnyObject, Sendable {
    /// `worker 1`, and its host where there are several.
    var name: String { get }
    /// Nil while it runs; 128 and more for the signal that ended it.
    var exitCode: Int32? { get }
    /// The last line that it wrote.
    var lastWords: String? { get }
    /// Where all of its lines are; nil where they were shown.
    var logPath: String? { get }
    /// Why nothing is known of it any more, such as a connection to its host that broke.
    var outOfReach: String? { get }

    func isMeant(by eviction: Eviction) -> Bool
    func send(_ signal: Int32)
    /// Waits for the end, and ends it after the timeout (seconds).
    /// - Parameter signal: sent first; nil only waits.
    func end(within timeout: Double, by signal: Int32?)
}

/// What a supervisor has to know of a run's directory.
struct RunProgress: Codable, Sendable, Equatable {
    /// The newest checkpoint's step.
    var checkpoint: Int?
    /// Whether a checkpoint is there that the run can go on from.
    var canResume = false
    /// Bytes of the run's metrics: they grow with every step that is committed.
    var metricsBytes = 0
    /// Why the run ended, as its record says.
    var reason: String?

    init() {}

    init(_ directory: RunDirectory) {
        let (checkpoints, record) = (directory.checkpoints(), try? directory.record())
        checkpoint = checkpoints.last?.step
        if let record { canResume = checkpoints.contains { $0.step < record.steps } }
        metricsBytes = (try? FileManager.default.attributesOfItem(atPath: directory.metricsPath))?[.size] as? Int ?? 0
        reason = record?.reason
    }
}

/// A process that the coordinator has taken for hung, and that may be stopped and not hear of it.
struct Eviction: Codable, Sendable, Equatable {
    let process: Int
    /// Its host, as it names itself.
    let host: String?

    /// Nil for events of other kinds.
    init?(_ event: RunEvent) {
        guard event.kind == "evicted", let process = event.facts["process"].flatMap({ Int($0) }) else { return nil }
        (self.process, host) = (process, event.facts["host"])
    }
}

/// Evictions from a run's events, from the end of what is there.
struct EvictionTail {
    private var reader: LineReader<RunEvent>

    init(_ directory: RunDirectory) {
        let size = (try? FileManager.default.attributesOfItem(atPath: directory.eventsPath))?[.size] as? Int
        reader = LineReader(directory.eventsPath, from: size ?? 0)
    }

    mutating func new() -> [Eviction] { reader.next().compactMap(Eviction.init) }
}
