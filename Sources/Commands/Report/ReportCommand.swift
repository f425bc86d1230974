import ArgumentParser
import Datasets
import Foundation
import NeuralNetwork
import RunLog
import Tensors

/// `colonnade runs report`: what a run has learned, as one page.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Writes a page that holds everything it shows: curves, kernels, guesses, neighbours.")

    @Argument(help: ArgumentHelp("The run's path, or its name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("Where runs are kept.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(help: ArgumentHelp("The page (default: report.html in the run's directory).", valueName: "file"), completion: .file()) var out: String?
    @Option(help: ArgumentHelp("A checkpoint of the run (default: its last).", valueName: "dir"), completion: .directory) var checkpoint: String?
    @Option(help: ArgumentHelp("The data set (default: the run's).", valueName: "dir"), completion: .directory) var data: String?
    @Option(help: "Validation pictures to show with the network's guesses.") var pictures = 8
    @Option(help: "How many of them to show with their nearest training pictures.") var neighbors = 5
    @Option(help: "The largest number of training pictures to search for neighbours.") var search = 20_000
    @Flag(help: "Print JSON.") var json = false

    private struct Document: Encodable {
        let path: String
        /// Of the checkpoint that it shows.
        let step: Int?
        /// What was left out, and why.
        let notes: [String]
        /// The first layer's kernels, a column each; empty where they are no pictures.
        let kernels: [KernelGallery.Column]
        let guesses: [PictureFindings.Judged]
        let neighbors: [PictureFindings.Neighbors]
    }

    func run() throws {
        for (option, value) in [("--pictures", pictures), ("--neighbors", neighbors), ("--search", search)] {
            guard (0...1_000_000).contains(value) else {
                throw CommandFailure(CommandFailure.usage, "\(option) is between 0 and 1000000, not \(value)")
            }
        }
        let directory = try RunDirectory.find(target, runs: runs)
        let record = try directory.record()
        let index = MetricsIndex.shown(directory)
        var page = ReportPage(record: record, metrics: index, summary: try RunReport.summary(directory, index))
        if let path = checkpoint ?? directory.checkpoints().last?.path {
            let opened = try Checkpoint(path: path)
            page.step = opened.state.step
            page.gallery = try KernelGallery(opened)
            let place = data ?? record.dataset
            do {
                let dataset = try Dataset(path: place)
                page.findings = try findings(opened, dataset)
            } catch let error as DatasetError where data == nil {
                page.notes.append("Pictures are left out: \(error). Name the data set with --data.")
            }
        } else {
            page.notes.append("Kernels and pictures are left out: the run has no checkpoint.")
        }
        let target = out ?? directory.path + "/report.html"
        try DurableFile.write([UInt8](page.html.utf8), to: target)
        if json { return Terminal.line(try Terminal.json(Document(
            path: target, step: page.step, notes: page.notes, kernels: page.gallery?.columns ?? [],
            guesses: page.findings?.judged ?? [], neighbors: page.findings?.neighbors ?? []))) }
        Terminal.line("wrote \(target)")
    }

    private func findings(_ checkpoint: Checkpoint, _ dataset: Dataset) throws -> PictureFindings {
        try TaskProgress.show("searching neighbours") { progress in
            try PictureFindings(
                checkpoint, dataset: dataset, pictures: pictures, queries: min(neighbors, pictures),
                limit: neighbors == 0 ? 0 : search, progress: progress)
        }
    }
}
