import Datasets
import NeuralNetwork
import Tensors
import TestSupport
import Testing
import Worker

@Suite struct EnsembleTests {
    /// A checkpoint of drawn values for the four-layer net, which reads 24×24 of 32×32.
    private func checkpoint(_ scratch: Scratch, seed: UInt64, dataset: Dataset) throws -> Checkpoint {
        var configuration = RunConfiguration(network: Preset.cifar10FourLayer.network, recipe: Preset.cifar10FourLayer.recipe)
        (configuration.recipe.seed, configuration.recipe.initialization) = (seed, .he)
        var buffers: [TensorBuffer] = []
        let tensors = try configuration.network.parameterTensors().map { tensor in
            let buffer = TensorBuffer(floats: tensor.shape.count)
            InitialValues(configuration.recipe).fill(
                UnsafeMutableBufferPointer(rebasing: buffer.floats[..<tensor.shape.count]), tensor: tensor,
                region: Region(origin: tensor.shape.extents.map { _ in 0 }, extents: tensor.shape), recipe: .weights)
            buffers.append(buffer)
            return SafetensorsTensor(
                name: tensor.name, shape: tensor.shape,
                bytes: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<(4 * tensor.shape.count)]))
        }
        let path = scratch("\(seed)")
        try Checkpoint.write(
            to: path,
            state: .init(
                step: 0, configuration: configuration, datasetFingerprint: dataset.manifest.fingerprint,
                classes: dataset.manifest.names, stored: [3, 32, 32], version: "test"),
            model: tensors, momentum: tensors, mean: dataset.mean)
        withExtendedLifetime(buffers) {}
        return try Checkpoint(path: path)
    }

    @Test func patchesAndNetworksAreAveraged() throws {
        let scratch = try Scratch()
        try SyntheticImages.pack(
            into: scratch("data"), channels: 3, height: 32, width: 32, classes: 10, train: 20, validation: 9)
        let dataset = try Dataset(path: scratch("data"))
        let checkpoints = try [1, 2].map { try checkpoint(scratch, seed: $0, dataset: dataset) }
        func probabilities(_ checkpoints: [Checkpoint], _ patches: [Patch]) throws -> [Float] {
            let (values, labels) = try Ensemble(checkpoints, dataset: dataset).probabilities(
                .validation, first: 2, count: 7, patches: patches)
            #expect(labels == (2..<9).map { Int32($0) })
            return values
        }
        func mean(_ lists: [[Float]]) -> [Float] {
            lists[0].indices.map { index in lists.reduce(0) { $0 + $1[index] } / Float(lists.count) }
        }
        func expectNear(_ a: [Float], _ b: [Float]) {
            #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 })
        }
        let single = try Patch.ten.map { try probabilities([checkpoints[0]], [$0]) }
        #expect(Set(single).count == 10)
        let ten = try probabilities([checkpoints[0]], Patch.ten)
        expectNear(ten, mean(single))
        for image in 0..<7 { #expect(abs(ten[image * 10..<(image + 1) * 10].reduce(0, +) - 1) < 1e-5) }
        expectNear(
            try probabilities(checkpoints, Patch.ten), mean([ten, try probabilities([checkpoints[1]], Patch.ten)]))
    }
}
