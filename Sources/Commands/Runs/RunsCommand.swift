import ArgumentParser
import Foundation
import RunLog

/// `colonnade runs`: inspects and controls runs.
struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Inspects and controls runs.",
        subcommands: [
            List.self, Show.self, TailCommand.self, LogCommand.self, StopCommand.self, CheckpointCommand.self, ResizeCommand.self,
            CompareCommand.self, DivergeCommand.self, PlotCommand.self, TraceCommand.self, ReportCommand.self, TensorBoardCommand.self,
        ])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the runs of a directory, newest first.")
        @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
        @Flag(help: "Print JSON.") var json = false

        private struct Entry: Encodable {
            let name: String
            let state: String
            let step: Int
            let steps: Int
            let best_top1_error: Double?
            let started: String
            let path: String
        }

        func run() throws {
            var entries: [Entry] = []
            var curves: [String] = []
            let style = TerminalStyle.output
            for directory in RunDirectory.all(in: runs) {
                guard let record = try? directory.record() else { continue }
                let curve = RunCurves(.withProgress(directory))
                entries.append(
                    Entry(
                        name: directory.name, state: directory.state(record), step: curve.lastStep, steps: record.steps,
                        best_top1_error: curve.bestError, started: record.started, path: directory.path))
                curves.append(style.sparkline(curve.losses, width: 16))
            }
            if json { return Terminal.line(try Terminal.json(entries)) }
            guard !entries.isEmpty else { return Terminal.line("no runs in \(runs)") }
            let rows = zip(entries, curves).map { entry, curve in
                [
                    entry.name, entry.state, "\(entry.step)/\(entry.steps)", Self.share(entry.step, entry.steps),
                    entry.best_top1_error.map(Terminal.percent) ?? "-", curve.isEmpty ? "-" : curve, Self.age(entry.started),
                ]
            }
            Terminal.line(
                Terminal.table([["name", "state", "step", "done", "best top-1 error", "loss", "age"]] + rows) { row, column in
                    row > 0 && column == 1 ? .init(state: entries[row - 1].state) : nil
                })
        }

        private static func share(_ step: Int, _ steps: Int) -> String {
            guard steps > 0 else { return "-" }
            return "\(Int(100 * min(1, max(0, Double(step) / Double(steps))))) %"
        }

        private static func age(_ started: String) -> String {
            guard let date = ISO8601DateFormatter().date(from: started) else { return "-" }
            return Terminal.age(Date().timeIntervalSince(date))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one run.")
        @Argument(help: ArgumentHelp("The run's path or name.", valueName: "run"), completion: .runs) var target: String
        @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
        @Flag(help: "Print the content of run.json, with the last metrics.") var json = false

        func run() throws {
            let directory = try RunDirectory.find(target, runs: runs)
            let record = try directory.record()
            let index = MetricsIndex.withProgress(directory)
            if json { return Terminal.line(try Terminal.json(document(directory, record, RunSummary(index)))) }
            let style = TerminalStyle.output
            let words = directory.state(record)
            let state = TerminalStyle.Color(state: words).map { style.paint(words, $0) } ?? words
            Terminal.line("state: \(state)\(record.reason.map { " (\($0))" } ?? "")")
            Terminal.line("data: \(record.dataset) (\(record.dataset_fingerprint))")
            Terminal.line(try RunReport.summary(directory, index))
            let curves = RunCurves(index).text(style)
            if !curves.isEmpty { Terminal.line("\n\(curves)") }
            if words == "running", let status = directory.status() { Terminal.line("\n\(StatusTable.text(status))") }
        }

        private func document(_ directory: RunDirectory, _ record: RunRecord, _ summary: RunSummary) throws -> JSONValue {
            func value(_ encodable: some Encodable) throws -> JSONValue {
                try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(encodable))
            }
            guard case .object(var document) = try value(record) else { return .null }
            for (key, entry) in [("last_step", summary.last), ("last_validation", summary.lastValidation)] {
                guard let entry, let line = directory.line(entry) else { continue }
                document[key] = try JSONDecoder().decode(JSONValue.self, from: line)
            }
            return .object(document)
        }
    }
}
