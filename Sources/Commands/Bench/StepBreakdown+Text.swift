import Analysis
import RunLog

extension StepBreakdown {
    /// Formats the totals by kind for every process, and the first worker's kernels with the excess over their time alone.
    static func text(_ lines: [Line], step: Double) -> String {
        let processes = lines.map(\.process).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        var totals = [["share of the step"] + processes]
        let names: [(TimelineLine.Kind, String)] = [
            (.compute, "computing"), (.exchange_wait, "waiting for other workers"), (.store_wait, "waiting for the store"),
            (.data_wait, "waiting for images"), (.send, "sending"), (.update, "updating"), (.other, "between steps"),
        ]
        for (kind, name) in names {
            totals.append(
                [name]
                    + processes.map { process in
                        let own = lines.filter { $0.process == process && $0.kind == kind }
                        return own.isEmpty ? "" : Terminal.percent(own.reduce(0) { $0 + $1.share })
                    })
        }
        guard let first = processes.first(where: { $0.hasPrefix("worker") }) else { return Terminal.table(totals) }
        let kernels = lines.filter { $0.process == first && $0.kind == .compute && $0.milliseconds > 0.05 }
        var table = [["kernel of \(first)", "ms", "alone", "beyond", "share"]]
        func row(_ name: String, _ time: Double, _ alone: Double?, _ share: Double) -> [String] {
            [
                name, Terminal.fixed(time, 2), alone.map { Terminal.fixed($0, 2) } ?? "",
                alone.map { Terminal.fixed(time - $0, 2) } ?? "", Terminal.percent(share),
            ]
        }
        table += kernels.map { row($0.name, $0.milliseconds, $0.alone_milliseconds, $0.share) }
        table.append(
            row(
                "all", kernels.reduce(0) { $0 + $1.milliseconds }, kernels.reduce(0) { $0 + ($1.alone_milliseconds ?? 0) },
                kernels.reduce(0) { $0 + $1.share }))
        return Terminal.table(totals) + "\n\n" + Terminal.table(table)
    }
}
