import RunLog

/// A run's curves, condensed for lists and summaries.
struct RunCurves {
    let summary: RunSummary
    let losses: [Double]
    let errors: [Double]

    init(_ index: MetricsIndex) {
        let series = MetricsSeries(index, points: 120)
        summary = RunSummary(index)
        (losses, errors) = (series.steps.loss, series.validations.map(\.top1_error))
    }

    var lastStep: Int { max(summary.last?.step ?? 0, summary.lastValidation?.step ?? 0) }
    var bestError: Double? { summary.bestValidation?.figures[1] }

    /// Returns a line for each curve with more than one value.
    func text(_ style: TerminalStyle, width: Int = 60) -> String {
        var rows: [String] = []
        func add(_ name: String, _ values: [Double], _ format: (Double) -> String) {
            guard values.count > 1, let first = values.first, let last = values.last else { return }
            rows.append("\(name)  \(style.sparkline(values, width: width))  \(format(first)) to \(format(last))")
        }
        add("training loss", losses) { Terminal.fixed($0, 4) }
        add("top-1 error  ", errors, Terminal.percent)
        return rows.joined(separator: "\n")
    }
}

extension TerminalStyle.Color {
    /// Chooses the color of a run's state; nil if it has none.
    init?(state: String) {
        switch state {
        case "running": self = .blue
        case "finished": self = .green
        case "interrupted": self = .yellow
        case "failed", "lost": self = .red
        default: return nil
        }
    }
}
