import Platform

/// A queue of reports to the sender of orders. A slow reader never makes a process of the run wait: lines of the processes' output
/// are then left out, and counted.
final class HostReports: Sendable {
    private struct State {
        var lines: [String] = []
        var leftOut: [Int: Int] = [:]
        var isFinished = false
        var isGone = false
    }

    private static let limit = 10_000
    private let state = Monitor(State())
    private let writer = Monitor<ServiceThread?>(nil)

    init(_ descriptor: Int32) {
        let state = state
        let thread = ServiceThread(name: "reports") {
            while let lines = state.wait(until: { state -> [String]? in
                guard !state.lines.isEmpty || state.isFinished else { return nil }
                defer { state.lines = [] }
                return state.lines
            }), !lines.isEmpty {
                if !LineOutput.write(lines.joined(), to: descriptor) { state.update { $0.isGone = true } }
            }
        }
        writer.update { $0 = thread }
    }

    func send(_ report: HostReport) {
        state.update { state in
            guard !state.isGone else { return }
            guard case .said(let id, _) = report else { return state.lines.append(HostLine.text(report)) }
            guard state.lines.count < Self.limit else { return state.leftOut[id, default: 0] += 1 }
            if let count = state.leftOut.removeValue(forKey: id) {
                state.lines.append(HostLine.text(HostReport.said(id: id, line: "(\(count) lines were left out)")))
            }
            state.lines.append(HostLine.text(report))
        }
    }

    /// Waits until all is written, for a while.
    func finish() {
        state.update { $0.isFinished = true }
        writer.read { $0 }?.join(timeout: 5)
    }
}
