import ArgumentParser
import Foundation
import NeuralNetwork
import Platform
import RunLog
import Tensors

/// `colonnade runs plot`: draws curves of several runs in one plot.
struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Draws a curve of each of several runs into one plot (SVG).")

    @Argument(help: ArgumentHelp("The runs' paths or names.", valueName: "run"), completion: .runs) var targets: [String]
    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(help: "The quantity to draw: \(Quantity.allCases.map(\.rawValue).joined(separator: ", ")).") var of = Quantity.error
    @Option(help: ArgumentHelp("The title above the plot.", valueName: "words")) var title: String?
    @Option(help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file()) var out = "plot.svg"

    enum Quantity: String, CaseIterable, ExpressibleByArgument {
        /// `error`: top-1 error of the validation split. `loss`: training loss, smoothed.
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
                CommandFailure.usage,
                "\(targets.count) curves cannot be distinguished in one plot; name at most \(LineChart.lineLimit) runs")
        }
        let lines = try targets.map { target in
            let directory = try RunDirectory.find(target, runs: runs)
            let points = try points(directory)
            guard !points.isEmpty else {
                throw CommandFailure(CommandFailure.noInput, "\(directory.path) has recorded no \(of.words.title.lowercased())")
            }
            return LineChart.Line(directory.name, points)
        }
        let chart = LineChart(
            title: title ?? of.words.title, xLabel: "passes over the training images", yLabel: of.words.unit, lines: lines)
        try DurableFile.write([UInt8]((chart.document + "\n").utf8), to: out)
        Terminal.line("wrote \(out): \(lines.map(\.name).joined(separator: ", "))")
    }

    /// Returns the points by passes, so that runs with different batches can be compared.
    private func points(_ directory: RunDirectory) throws -> [(x: Double, y: Double)] {
        let record = try directory.record()
        let configuration = try RunConfiguration(json: JSONEncoder().encode(record.configuration))
        let pass = Double(max(record.images_per_epoch, 1)) / Double(configuration.recipe.batch)
        var points: [(x: Double, y: Double)] = []
        MetricsIndex.withProgress(directory).forEach { entry in
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
