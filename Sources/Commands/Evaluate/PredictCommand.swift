import ArgumentParser
import Datasets
import Foundation
import NeuralNetwork
import Platform
import Tensors
import Worker

/// `colonnade predict`: classifies image files.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Classifies image files, with probabilities.")

    @Option(help: ArgumentHelp("A checkpoint; several average their predictions.", valueName: "dir"), completion: .directory)
    var checkpoint: [String]
    @Option(help: "Number of labels per image.") var top = 5
    @Option(help: CropsOption.help) var crops = 1
    @Flag(help: "Print JSON.") var json = false
    @Argument(help: "JPEG or PNG files.") var images: [String]

    private struct Entry: Encodable {
        struct Prediction: Encodable {
            let label: String
            let probability: Double
        }
        let image: String
        let predictions: [Prediction]
    }

    func run() throws {
        guard top >= 1 else { throw CommandFailure(CommandFailure.usage, "--top must be at least 1") }
        let patches = try CropsOption.patches(crops)
        guard !checkpoint.isEmpty else { throw CommandFailure(CommandFailure.usage, "no checkpoint is given; name one with --checkpoint") }
        let predictors = try checkpoint.map { try Predictor(Checkpoint(path: $0)) }
        let classes = predictors[0].classes
        guard predictors.allSatisfy({ $0.classes == classes }) else {
            throw CommandFailure(CommandFailure.data, "the checkpoints were trained on different classes")
        }
        var (entries, failures) = ([Entry](), [String]())
        for (image, path) in zip(images, ArgumentBytes.paths(images)) {
            // What is known of an image is told, whatever the others are like.
            do {
                let entry = try Self.entry(
                    // A name that was not repaired is printed as it was given.
                    path == FilePath(image) ? image : path.shown, path, predictors: predictors, patches: patches, top: top)
                entries.append(entry)
                if !json { Self.show(entry) }
            } catch let error as DatasetError {
                failures.append(error.description)
                if images.count > 1 { Terminal.error(error.description) }
            }
        }
        if json, !entries.isEmpty { Terminal.line(try Terminal.json(entries)) }
        guard let first = failures.first else { return }
        throw CommandFailure(
            CommandFailure.data, images.count == 1 ? first : "\(failures.count) of \(images.count) images could not be classified")
    }

    private static func entry(
        _ name: String, _ path: FilePath, predictors: [Predictor], patches: [Patch], top: Int
    ) throws -> Entry {
        let classes = predictors[0].classes
        var sum = [Double](repeating: 0, count: classes.count)
        for predictor in predictors {
            let probabilities = try predictor.probabilities(of: path, patches: patches)
            for i in sum.indices { sum[i] += probabilities[i] / Double(predictors.count) }
        }
        let order = sum.indices.sorted { (sum[$0], $1) > (sum[$1], $0) }.prefix(top)
        return Entry(image: name, predictions: order.map { .init(label: classes[$0], probability: sum[$0]) })
    }

    private static func show(_ entry: Entry) {
        Terminal.line(entry.image)
        for prediction in entry.predictions {
            Terminal.line("  \(Terminal.fixed(prediction.probability * 100, 2).leftPadded(to: 6)) %  \(prediction.label)")
        }
    }
}

/// A checkpoint's network, with the preprocessing of its images.
final class Predictor {
    let classes: [String]
    private let network: LocalNetwork
    private let renderer: PatchRenderer
    private let stored: [Int]
    private static let batch = 18

    init(_ checkpoint: Checkpoint) throws {
        let state = checkpoint.state
        let input = state.configuration.network.input
        classes = (0..<state.configuration.network.classes).map {
            $0 < state.classes.count ? state.classes[$0] : "class \($0)"
        }
        stored = state.stored
        guard stored[1] == stored[2] else {
            throw CommandFailure(
                CommandFailure.data, "\(checkpoint.path) was trained on images that are not square, which `predict` does not support")
        }
        renderer = try PatchRenderer(
            mean: checkpoint.mean, stored: stored, height: input.height, width: input.width,
            scale: state.configuration.recipe.data.scale)
        network = try LocalNetwork(state.configuration, batch: Self.batch) {
            try checkpoint.model.floats($0.name, shape: $0.shape)
        }
    }

    /// Returns the softmax of an image file by class, as the mean over patches.
    func probabilities(of path: FilePath, patches: [Patch]) throws -> [Double] {
        let pixels = try ImageReader.square(path: path, size: stored[1], channels: stored[0])
        let size = renderer.imageFloats
        for (i, patch) in patches.enumerated() {
            try renderer.render(
                pixels: pixels, patch: patch,
                image: UnsafeMutableBufferPointer(rebasing: network.images.floats[i * size..<(i + 1) * size]))
        }
        _ = try network.evaluate(labels: [Int32](repeating: 0, count: Self.batch), count: patches.count)
        let logarithms = network.logProbabilities
        return classes.indices.map { label in
            patches.indices.reduce(0.0) { $0 + exp(Double(logarithms[$1 * classes.count + label])) } / Double(patches.count)
        }
    }
}

extension String {
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
