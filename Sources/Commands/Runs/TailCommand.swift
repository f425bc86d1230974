import ArgumentParser
import Foundation
import Glibc
import Platform
import RunLog

/// `colonnade runs tail`: shows the last lines of a run, and with --follow new ones.
struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "tail", abstract: "Shows a run's last steps.")

    @Argument(help: ArgumentHelp("The run's path or name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(name: [.customShort("n"), .long], help: "Number of lines.") var lines = 20
    @Flag(name: [.customShort("f"), .long], help: "Follow until the run ends.") var follow = false
    @Flag(help: "Print the lines of metrics.jsonl as they are.") var json = false

    func run() throws {
        guard lines >= 0 else { throw CommandFailure(CommandFailure.usage, "--lines must not be negative") }
        let directory = try RunDirectory.find(target, runs: runs)
        let classes = try directory.record().classes
        let index = MetricsIndex.withProgress(directory)
        // Only steps and validations count towards --lines.
        var first = index.count
        var left = lines
        while first > 0, left > 0 {
            first -= 1
            if index[first].kind == .step || index[first].kind == .validation { left -= 1 }
        }
        let end = index.count > 0 ? index[index.count - 1].end : 0
        var reader = LineReader<MetricsLine>(directory.metricsPath, from: first < index.count ? index[first].offset : end)
        while true {
            // Read the state first, so that everything written before the end is shown.
            let state = try directory.record().state
            for line in reader.next() { try show(line, classes: classes) }
            guard follow, state == .running else { return }
            usleep(200_000)
        }
    }

    private func show(_ line: MetricsLine, classes: Int?) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        switch line {
        case .step(let step):
            if json { return Terminal.line(String(decoding: try encoder.encode(step), as: UTF8.self)) }
            Terminal.line(
                "step \(step.step)  epoch \(step.epoch)  loss \(FigureText.loss(step.loss))  "
                    + "rate \(FigureText.learningRate(step.learning_rate))  \(FigureText.rate(step.images_per_second)) images/s  "
                    + step.digest)
        case .validation(let line):
            if json { return Terminal.line(String(decoding: try encoder.encode(line), as: UTF8.self)) }
            Terminal.line(
                "step \(line.step)  validation loss \(FigureText.loss(line.loss))  "
                    + FigureText.errors(top1: line.top1_error, top5: line.top5_error, classes: classes))
        case .norms(let line):
            if json { Terminal.line(String(decoding: try encoder.encode(line), as: UTF8.self)) }
        }
    }
}
