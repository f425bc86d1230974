import RunLog

/// A table of the current activity of a run's processes.
enum StatusTable {
    static func text(_ status: RunStatus) -> String {
        let header = ["process", "host", "at", "step", "computing", "exchanging", "store", "loading", "memory"]
        return Terminal.table(
            [header]
                + status.processes.map { process in
                    let share = process.share
                    func percent(_ value: Double?) -> String { value.map { "\(Int(($0 * 100).rounded())) %" } ?? "-" }
                    let at = process.instruction.isEmpty ? process.phase : "\(process.phase) \(process.instruction)"
                    return [
                        "\(process.role) \(process.rank)", process.host, at.replacing("_", with: " "), "\(process.step)",
                        percent(share?.computing), percent(share?.exchanging), percent(share?.waiting), percent(share?.loading),
                        process.bytes.map(Terminal.bytes) ?? "-",
                    ]
                })
    }
}
