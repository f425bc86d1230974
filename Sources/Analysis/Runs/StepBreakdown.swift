package import RunLog
package import Worker

/// The breakdown of a step's time, from the timelines of several steps, with the times of the same kernels run alone.
package struct StepBreakdown: Sendable {
    package struct Line: Encodable, Sendable {
        package let process: String
        package let name: String
        package let kind: TimelineLine.Kind
        /// The median over steps.
        package let milliseconds: Double
        package let share: Double
        /// The time of the same kernel when nothing else runs but the other workers' kernels.
        package let alone_milliseconds: Double?
    }

    package let lines: [Line]

    /// - Parameters:
    ///   - step: the duration of the median step, in seconds.
    ///   - alone: the kernels of each worker, measured over one pass.
    ///   - passes: passes of a worker per step.
    package init(_ timelines: [TimelineLine], step: Double, alone: [[KernelBenchmark.Line]], passes: Int) {
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
}
