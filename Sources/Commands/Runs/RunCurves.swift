import RunLog

/// A run's curves in short: what lists and summaries show of them.
struct RunCurves {
    let steps: [StepMetrics]
    let validations: [ValidationMetrics]

    init(_ directory: RunDirectory) throws {
        let metrics = try directory.metrics()
        steps = metrics.compactMap { if case .step(let step) = $0 { step } else { nil } }
        validations = metrics.compactMap { if case .validation(let line) = $0 { line } else { nil } }
    }

    var losses: [Double] { steps.map(\.loss) }
    var errors: [Double] { validations.map(\.top1_error) }
    var lastStep: Int { max(steps.map(\.step).max() ?? 0, validations.map(\.step).max() ?? 0) }
    var bestError: Double? { errors.min() }

    /// A line for each curve that has a course.
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

extension RunRecord.State {
    var color: TerminalStyle.Color {
        switch self {
        case .running: .blue
        case .finished: .green
        case .interrupted: .yellow
        case .failed: .red
        }
    }
}
