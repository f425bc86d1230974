import RunLog

/// A table of the current activity of a run's processes.
enum StatusTable {
    /// The ranks say what a narrow terminal leaves out first.
    private static let columns: [TextTable.Column] = [
        .init("process"), .init("host", rank: 2), .init("at", isLeft: true), .init("step"), .init("computing", rank: 1),
        .init("exchanging", rank: 3), .init("store", rank: 4), .init("loading", rank: 5), .init("memory", rank: 6),
    ]

    static func text(_ status: RunStatus, width: Int?) -> String {
        let rows = status.processes.map { process -> [String] in
            let share = process.share
            func percent(_ value: Double?) -> String { value.map { "\(Int(($0 * 100).rounded())) %" } ?? "-" }
            let at = process.instruction.isEmpty ? process.phase : "\(process.phase) \(process.instruction)"
            return [
                "\(process.role) \(process.rank)", process.host, at.replacing("_", with: " "), "\(process.step)",
                percent(share?.computing), percent(share?.exchanging), percent(share?.waiting), percent(share?.loading),
                process.bytes.map(Terminal.bytes) ?? "-",
            ]
        }
        return TextTable(columns, rows).text(width: width, ellipsis: TerminalStyle.output.hasUnicode ? "…" : "..")
    }
}
