import ArgumentParser
import Datasets
import Foundation
import Network
import Tensors
import Worker

/// `colonnade evaluate`: errors of one checkpoint, or of several whose predictions are averaged.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measures checkpoints on a data set.")

    @Option(help: ArgumentHelp("A checkpoint; several average their predictions.", valueName: "dir"))
    var checkpoint: [String]
    @Option(help: ArgumentHelp("A packed data set.", valueName: "dir")) var data: String
    @Option(help: "train or validation.") var split = "validation"
    @Option(help: "1 takes the centre of each picture, 10 averages the paper's ten patches.") var crops = 1
    @Option(help: "Kernel threads.") var threads: Int?
    @Flag(help: "Print JSON.") var json = false

    private struct Result: Encodable {
        let top1_error: Double
        let top5_error: Double
        let images: Int
    }

    func run() throws {
        guard let split = Split(rawValue: split) else {
            throw CommandFailure(CommandFailure.usage, "--split is train or validation, not \(split)")
        }
        guard crops == 1 || crops == 10 else {
            throw CommandFailure(CommandFailure.usage, "--crops is 1 or 10, not \(crops)")
        }
        guard !checkpoint.isEmpty else { throw CommandFailure(CommandFailure.usage, "name a --checkpoint") }
        let dataset = try Dataset(path: data)
        let networks = try checkpoint.map { path in
            let opened = try Checkpoint(path: path)
            var configuration = opened.state.configuration
            if let threads { configuration.recipe.threads = threads }
            return try (
                LocalNetwork(configuration, batch: 128) { try opened.model.floats($0.name, shape: $0.shape) },
                BatchPreparer(dataset: dataset, settings: .init(configuration), mean: mean(of: opened, for: dataset))
            )
        }
        let classes = networks[0].0.configuration.network.classes
        guard networks.allSatisfy({ $0.0.configuration.network.classes == classes }) else {
            throw CommandFailure(CommandFailure.data, "the checkpoints have different numbers of classes")
        }
        guard dataset.manifest.classes.count <= classes else {
            throw CommandFailure(
                CommandFailure.data,
                "\(data) has \(dataset.manifest.classes.count) classes, the checkpoint \(classes)")
        }
        let total = dataset.count(split)
        guard total > 0 else { throw CommandFailure(CommandFailure.data, "\(data) has no \(split.rawValue) pictures") }
        var (top1, top5) = (0, 0)
        var first = 0
        while first < total {
            let count = min(128, total - first)
            let (probabilities, labels) = try average(networks, split: split, first: first, count: count, classes: classes)
            for image in 0..<count {
                let row = probabilities[image * classes..<(image + 1) * classes]
                let label = row.startIndex + Int(labels[image])
                let better = row.indices.reduce(0) { $0 + ($1 != label && !(row[$1] < row[label]) ? 1 : 0) }
                if better >= 1 { top1 += 1 }
                if better >= 5 { top5 += 1 }
            }
            first += count
        }
        let result = Result(
            top1_error: Double(top1) / Double(total), top5_error: Double(top5) / Double(total), images: total)
        if json { return Terminal.line(try Terminal.json(result)) }
        Terminal.line("images       \(Terminal.grouped(total))")
        Terminal.line("top-1 error  \(Terminal.percent(result.top1_error))")
        Terminal.line("top-5 error  \(Terminal.percent(result.top5_error))")
    }

    /// What the network was trained with, where its pictures were stored in the same size.
    private func mean(of checkpoint: Checkpoint, for dataset: Dataset) -> [Float]? {
        checkpoint.mean.count == dataset.mean.count ? checkpoint.mean : nil
    }

    /// Mean probabilities over networks and patches (§4.1, §6).
    private func average(
        _ networks: [(LocalNetwork, BatchPreparer)], split: Split, first: Int, count: Int, classes: Int
    ) throws -> ([Float], [Int32]) {
        var sum = [Float](repeating: 0, count: count * classes)
        var labels = [Int32](repeating: 0, count: 128)
        for (network, preparer) in networks {
            for patch in crops == 1 ? [Patch.center] : Patch.ten {
                labels.withUnsafeMutableBufferPointer {
                    preparer.prepare(
                        BatchRequest(split: split, position: first, count: 128), patch: patch,
                        images: network.images.floats, labels: $0)
                }
                _ = try network.evaluate(labels: labels, count: count)
                let logarithms = network.logProbabilities
                for i in sum.indices { sum[i] += exp(logarithms[i]) }
            }
        }
        return (sum, labels)
    }
}
