import Platform
import Settings

/// The result of one check.
struct Finding: Codable, Sendable, Equatable {
    enum Verdict: String, Codable, Sendable { case passed, warning, failed }

    /// The host that was checked, or from which another was.
    var host: String
    /// The other host, if two were checked.
    var peer: String?
    let check: String
    let verdict: Verdict
    let value: String
    /// A sentence that says how to correct it.
    let remedy: String?
    /// The measurements: `round_trip_seconds`, `bytes_per_second`, `clock_lead_seconds`, `clock_uncertainty_seconds`.
    var figures: [String: Double]?

    init(_ host: String, _ check: String, _ value: String, _ verdict: Verdict = .passed, remedy: String? = nil) {
        (self.host, self.check, self.value, self.verdict, self.remedy) = (host, check, value, verdict, remedy)
    }

    /// `a`, or `a → b`.
    var subject: String { peer.map { "\(host) → \($0)" } ?? host }

    /// Runs a check. If it throws, the finding is a failure with the error's sentence as the remedy.
    init(_ host: String, _ check: String, _ value: () throws -> String) {
        do { self.init(host, check, try value()) } catch {
            self.init(host, check, "failed", .failed, remedy: CommandFailure(error)?.description ?? "\(error)")
        }
    }
}

/// All findings, as `--json` prints them.
struct Diagnosis: Codable, Sendable {
    let findings: [Finding]

    var failures: Int { findings.count { $0.verdict == .failed } }
    var warnings: Int { findings.count { $0.verdict == .warning } }

    /// Prints a table with each finding's remedy below its row.
    func show() {
        let rows = findings.map { [$0.subject, $0.check, $0.verdict.rawValue, $0.value] }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for (row, finding) in zip(rows, findings) {
            let cells = (0..<3).map { column in
                let cell = TerminalStyle.output.paint(row[column], column == 2 ? finding.verdict.color : nil)
                return cell + String(repeating: " ", count: widths[column] - row[column].count)
            }
            Terminal.line((cells + [row[3]]).joined(separator: "  "))
            if let remedy = finding.remedy { Terminal.line("    \(remedy)") }
        }
        Terminal.line("")
        Terminal.line("\(findings.count) checks: \(failures) failed, \(warnings) \(warnings == 1 ? "warning" : "warnings")")
    }
}

extension Finding.Verdict {
    fileprivate var color: TerminalStyle.Color {
        switch self {
        case .passed: .green
        case .warning: .yellow
        case .failed: .red
        }
    }
}
