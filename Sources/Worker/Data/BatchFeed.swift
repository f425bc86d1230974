public import Datasets
public import NeuralNetwork
import Partition
import Tensors

/// The images of one replica's passes, each prepared while the pass before is computed.
final class BatchFeed: Sendable {
    private let loader: BatchLoader
    /// Images of a step, and of a pass.
    private let (batch, count): (Int, Int)
    /// First images of the validation passes that are the replica's.
    let validationPasses: [Int]
    let validationCount: Int

    init(configuration: RunConfiguration, dataset: Dataset, replica: Int, of replicas: Int) throws {
        let input = configuration.network.input
        guard dataset.manifest.classes.count <= configuration.network.classes else {
            throw NetworkError(
                "\(dataset.path) has \(dataset.manifest.classes.count) classes, the network "
                    + "\(configuration.network.classes) outputs")
        }
        (batch, count) = (configuration.recipe.batch, configuration.recipe.sliceBatch)
        let preparer = try BatchPreparer(dataset: dataset, settings: PreparationSettings(configuration))
        loader = try BatchLoader(
            preparer: preparer, batch: count, imageFloats: input.channels * input.height * input.width,
            type: configuration.recipe.precision.elements)
        validationCount = dataset.count(.validation)
        validationPasses = Array(stride(from: replica * count, to: validationCount, by: replicas * count))
    }

    var buffers: [TensorBuffer] { loader.buffers }

    func stop() { loader.stop() }
    func prefetch(step: Int, slice: Int) { loader.prefetch(trainingRequest(step, slice)) }
    func training(step: Int, slice: Int) throws -> LoadedBatch { try loader.next(trainingRequest(step, slice)) }
    func prefetchValidation(first: Int) { loader.prefetch(validationRequest(first)) }
    func validation(first: Int) throws -> LoadedBatch { try loader.next(validationRequest(first)) }

    /// Images of a validation pass that count.
    func images(ofValidation first: Int) -> Int { min(count, validationCount - first) }

    private func trainingRequest(_ step: Int, _ slice: Int) -> BatchRequest {
        BatchRequest(split: .train, position: (step - 1) * batch + slice * count, count: count)
    }

    private func validationRequest(_ first: Int) -> BatchRequest {
        BatchRequest(split: .validation, position: first, count: count)
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
