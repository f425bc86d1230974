public import Datasets
public import NeuralNetwork
import Tensors

/// The batches of a run, in the order of its steps, each prepared while the one before is trained on.
final class BatchFeed: Sendable {
    private let loader: BatchLoader
    private let batch: Int
    let validationCount: Int

    init(configuration: RunConfiguration, dataset: Dataset) throws {
        let input = configuration.network.input
        guard dataset.manifest.classes.count <= configuration.network.classes else {
            throw NetworkError(
                "\(dataset.path) has \(dataset.manifest.classes.count) classes, the network "
                    + "\(configuration.network.classes) outputs")
        }
        batch = configuration.recipe.batch
        let preparer = try BatchPreparer(dataset: dataset, settings: PreparationSettings(configuration))
        loader = try BatchLoader(
            preparer: preparer, batch: batch, imageFloats: input.channels * input.height * input.width,
            type: configuration.recipe.precision.elements)
        validationCount = dataset.count(.validation)
    }

    var buffers: [TensorBuffer] { loader.buffers }

    func stop() { loader.stop() }
    func prefetch(step: Int) { loader.prefetch(trainingRequest(step)) }
    func training(step: Int) throws -> LoadedBatch { try loader.next(trainingRequest(step)) }
    func prefetchValidation(first: Int) { if validationCount > 0 { loader.prefetch(validationRequest(first)) } }
    func validation(first: Int) throws -> LoadedBatch { try loader.next(validationRequest(first)) }

    private func trainingRequest(_ step: Int) -> BatchRequest {
        BatchRequest(split: .train, position: (step - 1) * batch, count: batch)
    }

    private func validationRequest(_ first: Int) -> BatchRequest {
        BatchRequest(split: .validation, position: first, count: batch)
    }
}

extension PreparationSettings {
    public init(_ configuration: RunConfiguration) {
        let (recipe, input) = (configuration.recipe, configuration.network.input)
        self.init(
            seed: recipe.seed, crop: recipe.augmentation.crop, mirror: recipe.augmentation.mirror,
            color: recipe.augmentation.color, shuffle: recipe.data.shuffle, channels: input.channels,
            height: input.height, width: input.width, scale: recipe.data.scale)
    }
}
