import Analysis
import ArgumentParser
import Datasets
import Foundation
import NeuralNetwork
import Platform
import RunLog

/// `colonnade runs report`: writes what a run has learned as one page.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Writes a self-contained page with a run's curves, kernels, guesses and neighbours.")

    @Argument(help: ArgumentHelp("The run's path or name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(help: ArgumentHelp("The page (default: report.html in the run's directory).", valueName: "file"), completion: .file())
    var out: String?
    @Option(help: ArgumentHelp("A checkpoint of the run (default: its last).", valueName: "dir"), completion: .directory)
    var checkpoint: String?
    @Option(help: ArgumentHelp("The data set (default: the run's).", valueName: "dir"), completion: .directory) var data: String?
    @Option(name: .customLong("pictures"), help: "Validation images to show with the network's guesses.") var images = 8
    @Option(help: "How many of them to show with their nearest training images.") var neighbors = 5
    @Option(help: "The largest number of training images to search for neighbours.") var search = 20_000
    @Flag(help: "Print JSON.") var json = false

    private struct Document: Encodable {
        let path: String
        /// The step of the checkpoint that is shown.
        let step: Int?
        /// What was left out, and why.
        let notes: [String]
        /// The first layer's kernels by column; empty if they cannot be drawn as images.
        let kernels: [KernelGallery.Column]
        let guesses: [ImageFindings.Judged]
        let neighbors: [ImageFindings.Neighbors]
    }

    func run() throws {
        for (option, value) in [("--pictures", images), ("--neighbors", neighbors), ("--search", search)] {
            guard (0...1_000_000).contains(value) else {
                throw CommandFailure(CommandFailure.usage, "\(option) must be between 0 and 1000000, not \(value)")
            }
        }
        let directory = try RunDirectory.find(target, runs: runs)
        let record = try directory.record()
        let index = MetricsIndex.withProgress(directory)
        var page = ReportPage(record: record, metrics: index, figures: RunFigures(directory, index))
        if let path = checkpoint ?? directory.checkpoints().last?.path {
            let opened = try Checkpoint(path: path)
            page.step = opened.state.step
            page.gallery = try KernelGallery(opened)
            let path = data ?? record.dataset
            do {
                let dataset = try Dataset(path: path)
                page.findings = try findings(opened, dataset)
            } catch let error as DatasetError where data == nil {
                page.notes.append("Images are left out: \(error). Name the data set with --data.")
            }
        } else {
            page.notes.append("Kernels and images are left out: the run has no checkpoint.")
        }
        let target = out ?? directory.path + "/report.html"
        try DurableFile.write([UInt8](page.html.utf8), to: target)
        if json {
            return Terminal.line(
                try Terminal.json(
                    Document(
                        path: target, step: page.step, notes: page.notes, kernels: page.gallery?.columns ?? [],
                        guesses: page.findings?.judged ?? [], neighbors: page.findings?.neighbors ?? [])))
        }
        Terminal.line("wrote \(target)")
    }

    private func findings(_ checkpoint: Checkpoint, _ dataset: Dataset) throws -> ImageFindings {
        try TaskProgress.show("searching neighbours") { progress in
            try ImageFindings(
                checkpoint, dataset: dataset, images: images, queries: min(neighbors, images),
                limit: neighbors == 0 ? 0 : search, progress: progress)
        }
    }
}
