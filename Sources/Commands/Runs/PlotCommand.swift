import ArgumentParser
import Foundation
import NeuralNetwork
import RunLog
import Tensors

/// `colonnade runs plot`: curves of several runs in one picture.
struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Draws a curve of each of several runs into one picture (SVG).")

    @Argument(help: ArgumentHelp("The runs' paths, or their names.", valueName: "run"), completion: .runs) var targets: [String]
    @Option(help: ArgumentHelp("Where runs are kept.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(help: "What is drawn: \(Quantity.allCases.map(\.rawValue).joined(separator: ", ")).") var of = Quantity.error
    @Option(help: ArgumentHelp("Above the picture.", valueName: "words")) var title: String?
    @Option(help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file()) var out = "plot.svg"

    enum Quantity: String, CaseIterable, ExpressibleByArgument {
        /// Top-1 on the validation split; of training, smoothed; of the validation split.
        case error, loss
        case validationLoss = "validation-loss"

        var words: (title: String, unit: String) {
            switch self {
            case .error: ("Validation error", "top-1, per cent")
            case .loss: ("Training loss, smoothed", "cross-entropy")
            case .validationLoss: ("Validation loss", "cross-entropy")
            }
        }
    }

    func run() throws {
        guard targets.count <= LineChart.lineLimit else {
            throw CommandFailure(
                CommandFailure.usage, "\(targets.count) curves cannot be told apart in one picture; name at most \(LineChart.lineLimit) runs")
        }
        let lines = try targets.map { target in
            let directory = try RunDirectory.find(target, runs: runs)
            let points = try points(directory)
            guard !points.isEmpty else {
                throw CommandFailure(CommandFailure.noInput, "\(directory.path) has recorded no \(of.words.title.lowercased())")
            }
            return LineChart.Line(directory.name, points)
        }
        let chart = LineChart(title: title ?? of.words.title, xLabel: "passes over the training pictures", yLabel: of.words.unit, lines: lines)
        try DurableFile.write([UInt8]((chart.document + "\n").utf8), to: out)
        Terminal.line("wrote \(out): \(lines.map(\.name).joined(separator: ", "))")
    }

    /// By passes, in which runs of different batches can be compared.
    private func points(_ directory: RunDirectory) throws -> [(x: Double, y: Double)] {
        let record = try directory.record()
        let configuration = try RunConfiguration(json: JSONEncoder().encode(record.configuration))
        let pass = Double(max(record.images_per_epoch, 1)) / Double(configuration.recipe.batch)
        var points: [(x: Double, y: Double)] = []
        MetricsIndex.shown(directory).forEach { entry in
            let x = Double(entry.step) / pass
            switch (of, entry.kind) {
            case (.loss, .step), (.validationLoss, .validation): points.append((x, entry.figures[0]))
            case (.error, .validation): points.append((x, 100 * entry.figures[1]))
            default: break
            }
        }
        return of == .loss ? LineChart.smoothed(points) : points
    }
}
