import ArgumentParser
import Foundation
import Platform
import RunLog

/// `colonnade runs trace`: converts traced steps for Perfetto.
struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Writes traced steps as a trace for Perfetto or chrome://tracing.")

    @Argument(help: ArgumentHelp("The run's path or name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(
        help: ArgumentHelp("The file to write (default: trace.json in the run's directory).", valueName: "file"), completion: .file())
    var out: String?
    @Flag(help: "Print JSON.") var json = false

    private struct Document: Encodable {
        let path: String
        /// The traced steps.
        let steps: [Int]
    }

    func run() throws {
        let directory = try RunDirectory.find(target, runs: runs)
        let progress = TaskProgress()
        let lines = directory.timelines { progress.show("reading traced steps", $0) }
        guard !lines.isEmpty else {
            throw CommandFailure(
                CommandFailure.noInput, "\(directory.path) has no traced step; train with --trace-every 100, for example")
        }
        let path = out ?? directory.path + "/trace.json"
        let trace = try ChromeTrace.json(lines) { progress.show("writing the trace", $0) }
        progress.finish()
        try DurableFile.write([UInt8](trace), to: path)
        let steps = Set(lines.map(\.step)).sorted()
        if json { return Terminal.line(try Terminal.json(Document(path: path, steps: steps))) }
        Terminal.line("wrote \(path): \(steps.count) steps; open it in https://ui.perfetto.dev")
    }
}
