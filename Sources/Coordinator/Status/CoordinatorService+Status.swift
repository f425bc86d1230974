import NeuralNetwork
import Partition
import RunLog
import Threading
import Wire

/// What a run tells of itself while it goes on.
extension CoordinatorService {
    /// Writes status.json about once a second, from a thread of its own: the disk is slow.
    func writeStatusRegularly() {
        guard !hasEnded else { return }
        let status = status()
        statusWriter.submit(status)
        statusListener?(status)
        loop.schedule(after: 1) { [weak self] in self?.writeStatusRegularly() }
    }

    func status() -> RunStatus {
        board.status(
            health, step: ledger.committed, attempt: attempt,
            columns: { process in
                switch process.role {
                case .worker: Array(layout.columns(of: process.rank))
                case .store: Set(blocks.map(\.key).filter { placement?[$0] == process.rank }.map(\.column)).sorted()
                }
            }, at: MonotonicClock.now)
    }

    /// A process has said something.
    func received(_ lines: WireLogLines, from process: ProcessName) throws {
        let clock = board.clocks[process]
        if lines.dropped > 0 {
            write(
                LogLine(
                    time: Timestamp.text(WallClock.now, digits: 6), uncertainty: nil, role: process.role.rawValue, rank: process.rank,
                    host: process.host, level: .warning, message: "\(lines.dropped) lines found no room and were dropped"))
        }
        for line in lines.lines {
            let time = clock?.corrected(line.time) ?? line.time
            write(
                LogLine(
                    time: Timestamp.text(Double(time) * 1e-9, digits: 6), uncertainty: clock.map { Double($0.uncertainty) * 1e-9 },
                    role: process.role.rawValue, rank: process.rank, host: process.host, level: line.level.level, message: PrintableText.of(line.text)))
        }
    }

    private func write(_ line: LogLine) {
        do { try writer.append(line) } catch { end(.failed("log.jsonl cannot be written: \(error)")) }
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
