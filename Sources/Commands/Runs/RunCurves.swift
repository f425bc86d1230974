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
    /// - Parameter width: the terminal's columns, if there is one.
    func text(_ style: TerminalStyle, width: Int?) -> String {
        var rows: [String] = []
        func add(_ name: String, _ values: [Double], _ format: (Double) -> String) {
            guard values.count > 1, let first = values.first, let last = values.last else { return }
            let range = "\(format(first)) to \(format(last))"
            let room = width.map { max(8, $0 - name.count - range.count - 4) } ?? 60
            rows.append("\(name)  \(style.sparkline(values, width: min(60, room)))  \(range)")
        }
        add("training loss", losses, FigureText.loss)
        add("top-1 error  ", errors, FigureText.percent)
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
