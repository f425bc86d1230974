public import Datasets
import Foundation
public import NeuralNetwork
import Tensors

/// A network that returns its probabilities and its last hidden layer's activations for the centres of single images.
public final class FeatureNetwork {
    public static let batch = 64

    public struct Features: Sendable {
        /// By class.
        public let probabilities: [Float]
        /// The activations of the layer before the classes, one column after another.
        public let hidden: [Float]
    }

    private let network: LocalNetwork
    private let reader: RecordReader
    private let renderer: PatchRenderer

    public init(_ checkpoint: Checkpoint, dataset: Dataset) throws {
        var configuration = checkpoint.state.configuration
        // Nothing here is compared bit by bit.
        configuration.recipe.threads = max(1, ProcessInfo.processInfo.activeProcessorCount)
        let (input, manifest) = (configuration.network.input, dataset.manifest)
        guard manifest.channels == input.channels else {
            throw NetworkError("\(dataset.path) has images of \(manifest.channels) channels, the network reads \(input.channels)")
        }
        network = try LocalNetwork(configuration, batch: Self.batch) {
            try checkpoint.model.floats($0.name, shape: $0.shape)
        }
        reader = RecordReader(dataset)
        renderer = try PatchRenderer(
            mean: checkpoint.mean.count == dataset.mean.count ? checkpoint.mean : dataset.mean,
            stored: [manifest.channels, manifest.height, manifest.width], height: input.height, width: input.width,
            scale: configuration.recipe.data.scale)
    }

    /// - Parameter indices: at most `batch` images.
    public func features(_ split: Split, indices: [Int]) throws -> [Features] {
        precondition(indices.count <= Self.batch)
        let size = renderer.imageFloats
        for (place, index) in indices.enumerated() {
            let image = UnsafeMutableBufferPointer(rebasing: network.images.floats[place * size..<(place + 1) * size])
            try reader.withPixels(split, index) { try renderer.render(pixels: Array($0), patch: .center, image: image) }
        }
        _ = try network.evaluate(labels: [Int32](repeating: 0, count: Self.batch), count: indices.count)
        let classes = network.configuration.network.classes
        let logarithms = network.logProbabilities
        let layers = network.configuration.network.layers.count
        let hidden = layers > 1 ? try network.result(layer: layers - 2) : Array(logarithms)
        let units = hidden.count / Self.batch
        return indices.indices.map { place in
            Features(
                probabilities: (0..<classes).map { exp(logarithms[place * classes + $0]) },
                hidden: Array(hidden[place * units..<(place + 1) * units]))
        }
    }
}
