import Foundation
import RunLog

/// Detects changes in a run's directory since the last look.
struct RunFollower: Sendable {
    struct Change: Sendable {
        let name: String
        let data: Data
    }

    private let run: RunDirectory
    private var metrics: LineReader<MetricsLine>
    private var events: LineReader<RunEvent>
    private var log: LineReader<LogLine>
    private var status = FileStamp("")
    private var record = FileStamp("")
    private var state: RunRecord.State?
    private var plan: RunRecord.Plan?

    /// Begins at the current end of the files.
    init(_ run: RunDirectory) {
        self.run = run
        metrics = LineReader(run.metricsPath, from: FileStamp(run.metricsPath).size)
        events = LineReader(run.eventsPath, from: FileStamp(run.eventsPath).size)
        log = LineReader(run.logPath, from: FileStamp(run.logPath).size)
    }

    /// Returns the changes since the last call.
    mutating func changes() throws -> [Change] {
        var changes: [Change] = []
        func add(_ name: String, _ value: some Encodable) throws { changes.append(Change(name: name, data: try WebJSON.data(value))) }
        var last: StepMetrics?
        for line in metrics.next() {
            switch line {
            case .step(let step): last = step
            case .validation(let validation): try add("validation", validation)
            case .norms: break
            }
        }
        // Only the latest step, because a page does not redraw more often.
        if let last { try add("step", last) }
        for event in events.next() { try add("event", event) }
        for line in log.next() {
            try add(
                "log",
                MergedLog.Line(
                    time: line.time, uncertainty: line.uncertainty, ranks: [line.name], level: line.level, message: line.message))
        }
        let stamp = FileStamp(run.statusPath)
        if stamp != status, let found = run.status() {
            status = stamp
            try add("status", found)
        }
        let written = FileStamp(run.recordPath)
        if written != record, let found = try? run.record() {
            // The first look is not a change. Later the workers and their number may change, so the plan is compared too.
            if let state, found.state != state || found.plan != plan { try add("record", found) }
            (record, state, plan) = (written, found.state, found.plan)
        }
        return changes
    }
}
