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
            let columns: [TextTable.Column] = [
                .init("name"), .init("state", isLeft: true), .init("step"), .init("done", rank: 3), .init("best error", rank: 1),
                .init("loss", rank: 2), .init("age"),
            ]
            Terminal.line(
                TextTable(columns, rows).text(width: Terminal.width, ellipsis: style.hasUnicode ? "…" : "..") { text, row, column in
                    row >= 0 && column == 1 ? style.paint(text, TerminalStyle.Color(state: entries[row].state)) : text
                })
        }

        private static func share(_ step: Int, _ steps: Int) -> String {
            guard steps > 0 else { return "-" }
            return "\(Int(100 * min(1, max(0, Double(step) / Double(steps))))) %"
        }

        private static func age(_ started: String) -> String {
            guard let date = ISO8601DateFormatter().date(from: started) else { return "-" }
            return FigureText.age(Date().timeIntervalSince(date))
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
            let width = Terminal.width
            // Escape codes have no width, so the color is set last.
            let line = TextLines.wrapped("state: \(words)\(record.reason.map { " (\($0))" } ?? "")", width: width, indent: 2)
            Terminal.line(line.replacing("state: \(words)", with: "state: \(state)", maxReplacements: 1))
            if let preset = record.preset { Terminal.line("network: \(preset)") }
            Terminal.line(TextLines.wrapped("data: \(record.dataset) (\(record.dataset_fingerprint))", width: width, indent: 2))
            Terminal.line(RunReport.summary(directory, index))
            let curves = RunCurves(index).text(style, width: width)
            if !curves.isEmpty { Terminal.line("\n\(curves)") }
            if words == "running", let status = directory.status() { Terminal.line("\n\(StatusTable.text(status, width: width))") }
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
