import RunLog
import Worker

/// The breakdown of a step's time, from the timelines of several steps, with the times of the same kernels run alone.
struct StepBreakdown {
    struct Line: Encodable {
        let process: String
        let name: String
        let kind: TimelineLine.Kind
        /// The median over steps.
        let milliseconds: Double
        let share: Double
        /// The time of the same kernel when nothing else runs but the other workers' kernels.
        let alone_milliseconds: Double?
    }

    let lines: [Line]

    /// - Parameters:
    ///   - step: the duration of the median step, in seconds.
    ///   - alone: the kernels of each worker, measured over one pass.
    ///   - passes: passes of a worker per step.
    init(_ timelines: [TimelineLine], step: Double, alone: [[KernelBenchmark.Line]], passes: Int) {
        var lines: [Line] = []
        let processes = Dictionary(grouping: timelines) { "\($0.role) \($0.rank)" }
        for (process, steps) in processes.sorted(by: { $0.key > $1.key }) {
            var order: [String] = []
            var times: [String: (kind: TimelineLine.Kind, name: String, values: [Double])] = [:]
            for timeline in steps {
                var sums: [String: Double] = [:]
                for span in timeline.spans {
                    let key = "\(span.kind.rawValue) \(span.name)"
                    if times[key] == nil {
                        order.append(key)
                        times[key] = (span.kind, span.name, [])
                    }
                    sums[key, default: 0] += Double(span.duration) / 1e6
                }
                for (key, sum) in sums { times[key]?.values.append(sum) }
            }
            var kernels: [String: Double] = [:]
            if steps[0].role == "worker", alone.indices.contains(steps[0].rank) {
                let severalColumns = Set(alone[steps[0].rank].map(\.column)).count > 1
                for line in alone[steps[0].rank] {
                    let column = severalColumns ? " (column \(line.column))" : ""
                    kernels["\(line.layer) \(line.operation)\(column)"] = Double(passes) * line.milliseconds
                }
            }
            var accounted = 0.0
            for key in order {
                guard let (kind, name, values) = times[key] else { continue }
                let median = values.sorted()[values.count / 2]
                accounted += median
                lines.append(
                    Line(
                        process: process, name: name, kind: kind, milliseconds: median, share: median / 1e3 / step,
                        alone_milliseconds: kind == .compute ? kernels[name] : nil))
            }
            guard steps[0].role == "worker" else { continue }
            let rest = step * 1e3 - accounted
            lines.append(
                Line(
                    process: process, name: "between steps", kind: .other, milliseconds: rest, share: rest / 1e3 / step,
                    alone_milliseconds: nil))
        }
        self.lines = lines
    }

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
