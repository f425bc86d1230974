import ArgumentParser
import Foundation
import RunLog

/// `colonnade runs`: what runs did.
struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Inspects runs.",
        subcommands: [
            List.self, Show.self, TailCommand.self, LogCommand.self, StopCommand.self, CheckpointCommand.self, CompareCommand.self, DivergeCommand.self, TraceCommand.self,
            ReportCommand.self,
        ])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the runs of a directory, newest first.")
        @Option(help: ArgumentHelp("Where runs are kept.", valueName: "dir")) var runs = "runs"
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
            for directory in RunDirectory.all(in: runs) {
                guard let record = try? directory.record() else { continue }
                let summary = RunSummary(MetricsIndex(directory))
                entries.append(
                    Entry(
                        name: directory.name, state: record.state.rawValue, step: summary.last?.step ?? 0,
                        steps: record.steps, best_top1_error: summary.bestValidation?.figures[1], started: record.started,
                        path: directory.path))
            }
            if json { return Terminal.line(try Terminal.json(entries)) }
            guard !entries.isEmpty else { return Terminal.line("no runs in \(runs)") }
            Terminal.line(
                Terminal.table(
                    [["name", "state", "step", "of", "best top-1 error", "started"]]
                        + entries.map {
                            [
                                $0.name, $0.state, "\($0.step)", "\($0.steps)",
                                $0.best_top1_error.map(Terminal.percent) ?? "-", $0.started,
                            ]
                        }))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one run.")
        @Argument(help: ArgumentHelp("The run's path, or its name.", valueName: "run")) var target: String
        @Option(help: ArgumentHelp("Where runs are kept.", valueName: "dir")) var runs = "runs"
        @Flag(help: "Print the content of run.json with the last metrics.") var json = false

        func run() throws {
            let directory = try RunDirectory.find(target, runs: runs)
            let record = try directory.record()
            if json { return Terminal.line(try Terminal.json(document(directory, record))) }
            Terminal.line("state: \(record.state.rawValue)\(record.reason.map { " (\($0))" } ?? "")")
            Terminal.line("data: \(record.dataset) (\(record.dataset_fingerprint))")
            Terminal.line(try RunReport.summary(directory))
        }

        private func document(_ directory: RunDirectory, _ record: RunRecord) throws -> JSONValue {
            func value(_ encodable: some Encodable) throws -> JSONValue {
                try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(encodable))
            }
            guard case .object(var document) = try value(record) else { return .null }
            let summary = RunSummary(MetricsIndex(directory))
            for (key, entry) in [("last_step", summary.last), ("last_validation", summary.lastValidation)] {
                guard let entry, let line = directory.line(entry) else { continue }
                document[key] = try JSONDecoder().decode(JSONValue.self, from: line)
            }
            return .object(document)
        }
    }
}
