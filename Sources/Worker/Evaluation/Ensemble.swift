public import Datasets
import Foundation
public import NeuralNetwork
import Tensors

/// Networks whose predictions are averaged (paper §6), on the images of a data set.
public final class Ensemble {
    /// Images of a pass.
    public static let batch = 128

    public let classes: Int
    private let members: [(network: LocalNetwork, preparer: BatchPreparer)]

    /// - Parameters:
    ///   - threads: kernel threads; nil takes each network's own.
    /// - Throws: `NetworkError` when the networks and the data set do not go together.
    public init(_ checkpoints: [Checkpoint], dataset: Dataset, threads: Int? = nil) throws {
        members = try checkpoints.map { checkpoint in
            var configuration = checkpoint.state.configuration
            if let threads { configuration.recipe.threads = threads }
            // What the network was trained with, where its images were stored in the same size.
            let mean = checkpoint.mean.count == dataset.mean.count ? checkpoint.mean : nil
            return (
                try LocalNetwork(configuration, batch: Self.batch) {
                    try checkpoint.model.floats($0.name, shape: $0.shape)
                }, try BatchPreparer(dataset: dataset, settings: .init(configuration), mean: mean)
            )
        }
        classes = members.first?.network.configuration.network.classes ?? 0
        let classes = classes
        guard members.allSatisfy({ $0.network.configuration.network.classes == classes }) else {
            throw NetworkError("the checkpoints have different numbers of classes; average those of one data set")
        }
        guard dataset.manifest.classes.count <= classes else {
            throw NetworkError("\(dataset.path) has \(dataset.manifest.classes.count) classes, the checkpoint \(classes)")
        }
    }

    /// Mean probabilities over networks and patches (§4.1), image by image, and the labels.
    /// - Parameters:
    ///   - first: the first image's index.
    ///   - count: at most `batch`.
    public func probabilities(
        _ split: Split, first: Int, count: Int, patches: [Patch]
    ) throws -> (probabilities: [Float], labels: [Int32]) {
        precondition(count <= Self.batch)
        var sum = [Float](repeating: 0, count: count * classes)
        var labels = [Int32](repeating: 0, count: Self.batch)
        let share = 1 / Float(members.count * patches.count)
        for (network, preparer) in members {
            for patch in patches {
                try labels.withUnsafeMutableBufferPointer {
                    try preparer.prepare(
                        BatchRequest(split: split, position: first, count: count), patch: patch,
                        images: network.images.floats, labels: $0)
                }
                _ = try network.evaluate(labels: labels, count: count)
                let logarithms = network.logProbabilities
                for i in sum.indices { sum[i] += share * exp(logarithms[i]) }
            }
        }
        return (sum, Array(labels[..<count]))
    }
}
