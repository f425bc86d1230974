import ArgumentParser
import Foundation
import Platform
import RunLog

/// `colonnade bench log`: measures the writing of a run's files alone.
struct LogBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Measures how long a coordinator takes to write each kind of line.")

    @Option(help: "Lines of each kind.") var lines = 5000
    @Option(help: "Repetitions; the median is reported.") var rounds = 5
    @Option(help: "Tensors in a line of norms.") var tensors = 16
    @Option(help: "Spans in a process's traced step.") var spans = 200
    @Option(help: ArgumentHelp("Where to write (default: a temporary directory).", valueName: "dir"), completion: .directory)
    var directory: String?
    @Flag(help: "Print JSON.") var json = false

    private struct Line: Encodable {
        let line: String
        let microseconds: Double
    }

    func run() throws {
        guard (1...1_000_000).contains(lines), (1...99).contains(rounds), (1...10_000).contains(tensors), (1...100_000).contains(spans)
        else {
            throw CommandFailure(
                CommandFailure.usage,
                "--lines must be from 1 to 1000000, --rounds from 1 to 99, --tensors from 1 to 10000, and --spans from 1 to 100000")
        }
        let parent = directory ?? FileManager.default.temporaryDirectory.path
        let run = try RunDirectory.create(runs: parent, name: "colonnade-bench-\(UUID())")
        defer { try? FileManager.default.removeItem(atPath: run.path) }
        let record = RunRecord(
            name: run.name, run: "", started: RunWriter.now, steps: lines, dataset: "", datasetFingerprint: "", imagesPerEpoch: 1,
            workers: 2, configuration: .object([:]))
        let writer = try RunWriter(run, record: record)
        let results = try [
            measure("step") { step in
                try writer.append(
                    StepMetrics(
                        step: step, epoch: 0, loss: 2.302585 / Double(step), learningRate: 0.01, imagesPerSecond: 3210.98 / Double(step),
                        seconds: 0.0398631, digest: "0123456789abcdef"))
            },
            measure("norms") { step in
                let norms = (0..<tensors).map { 1.0 / Double($0 + step) }
                let names = (0..<tensors).map { "layer\($0).weight" }
                try writer.append(NormsMetrics(step: step, tensors: names, weight: norms, update: norms))
            },
            measure("traced step of a process") { step in
                try writer.append(
                    TimelineLine(
                        step: step, role: "worker", rank: 0, origin: 1_800_000_000_000_000_000, uncertainty: 50_000,
                        spans: (0..<spans).map {
                            .init(name: "conv\($0) output", kind: .compute, start: UInt64($0) * 100_000, duration: 90_000)
                        }))
            },
            measure("log") { step in
                try writer.append(
                    LogLine(
                        time: Timestamp.text(WallClock.now, digits: 6), uncertainty: 0.0001, role: "worker", rank: step % 2, host: "host",
                        level: .info, message: "a sentence of usual length for people"))
            },
        ]
        if json { return Terminal.line(try Terminal.json(results)) }
        Terminal.line(Terminal.table([["line", "microseconds"]] + results.map { [$0.line, Terminal.fixed($0.microseconds, 1)] }))
    }

    private func measure(_ name: String, _ append: (Int) throws -> Void) rethrows -> Line {
        let times = try (0..<rounds).map { _ in
            let start = MonotonicClock.now
            for step in 1...lines { try append(step) }
            return (MonotonicClock.now - start) / Double(lines)
        }
        return Line(line: name, microseconds: times.sorted()[rounds / 2] * 1e6)
    }
}
