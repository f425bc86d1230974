import NeuralNetwork
import Partition
import Platform
import Protocol
import RunLog

/// Keeps run.json, timeline.jsonl and log.jsonl: who takes part, and what members have reported for people.
struct RunRecordKeeper {
    private let configuration: RunConfiguration
    private let firstLayout: ColumnLayout
    private let recorder: RunRecorder
    private(set) var hasChangedLayout = false

    init(_ configuration: RunConfiguration, _ layout: ColumnLayout, _ recorder: RunRecorder) {
        (self.configuration, firstLayout, self.recorder) = (configuration, layout, recorder)
    }

    mutating func note(_ participation: Participation) {
        let (layout, configuration) = (participation.layout, configuration)
        if layout != firstLayout { hasChangedLayout = true }
        recorder.update { record in
            if participation.isNewLayout {
                (record.workers, record.replicas) = (layout.workers, layout.replicas == 1 ? nil : layout.replicas)
                record.plan = try? .init(configuration, layout: layout)
                record.processes = []
            }
            for member in participation.members {
                guard let name = member.name else { continue }
                record.processes.removeAll { $0.role == name.role.rawValue && $0.rank == name.rank }
                record.processes.append(
                    .init(role: name.role.rawValue, rank: name.rank, host: name.host, address: member.peer.text, process: name.processID))
                guard name.role == .worker, name.rank == 0 else { continue }
                record.versions = .init(
                    colonnade: member.hello.productVersion, kernelLibrary: "oneDNN \(member.hello.kernelLibrary)",
                    instructionSet: member.hello.instructionSet, cpu: member.hello.cpuModel)
            }
            record.processes.sort { ($0.role, $0.rank) < ($1.role, $1.rank) }
        }
    }

    /// Drops lines of later steps from metrics and timeline.
    func keep(through step: Int) throws { try recorder.keep(through: step) }

    func note(_ work: [RunRecord.Work]) { recorder.update { $0.work = work } }

    func write(_ timeline: WireTimeline, step: Int, of process: ProcessName, clock: ProcessClock?) throws {
        try recorder.append(
            TimelineLine(
                step: step, role: process.role.rawValue, rank: process.rank, origin: clock?.corrected(timeline.origin) ?? timeline.origin,
                uncertainty: clock?.uncertainty,
                spans: timeline.spans.map { .init(name: $0.name, kind: $0.kind.word, start: $0.start, duration: $0.duration) }))
    }

    func write(_ lines: WireLogLines, of process: ProcessName, clock: ProcessClock?) throws {
        func line(_ time: String, _ uncertainty: Double?, _ level: LogLine.Level, _ message: String) -> LogLine {
            LogLine(
                time: time, uncertainty: uncertainty, role: process.role.rawValue, rank: process.rank, host: process.host, level: level,
                message: message)
        }
        if lines.dropped > 0 {
            try recorder.append(
                line(Timestamp.text(WallClock.now, digits: 6), nil, .warning, "\(lines.dropped) lines found no room and were dropped"))
        }
        for entry in lines.lines {
            let time = clock?.corrected(entry.time) ?? entry.time
            try recorder.append(
                line(
                    Timestamp.text(Double(time) * 1e-9, digits: 6), clock.map { Double($0.uncertainty) * 1e-9 }, entry.level.level,
                    PrintableText.sanitized(entry.text)))
        }
    }
}

extension WireLogLines.Level {
    fileprivate var level: LogLine.Level {
        switch self {
        case .info, .UNRECOGNIZED: .info
        case .warning: .warning
        case .error: .error
        }
    }
}

extension WireTimeline.Kind {
    /// The kind's name in timeline.jsonl.
    fileprivate var word: TimelineLine.Kind {
        switch self {
        case .compute: .compute
        case .exchangeWait: .exchange_wait
        case .storeWait: .store_wait
        case .dataWait: .data_wait
        case .send: .send
        case .update: .update
        case .other, .UNRECOGNIZED: .other
        }
    }
}
