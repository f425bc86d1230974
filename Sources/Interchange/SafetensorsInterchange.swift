import Foundation
public import NeuralNetwork
public import Tensors

/// Converts between checkpoints and single safetensors files.
///
/// A file has the parameters under their names, the mean image as `mean`, and network, recipe and classes as metadata.
public enum SafetensorsInterchange {
    private static let configurationKey = "colonnade.configuration"
    private static let classesKey = "colonnade.classes"

    /// Writes a checkpoint's parameters and mean, without its momentum.
    public static func export(_ checkpoint: Checkpoint, to path: String) throws {
        let tensors = try checkpoint.state.configuration.network.parameterTensors().map { tensor in
            SafetensorsTensor(
                name: tensor.name, shape: tensor.shape,
                bytes: try checkpoint.model.floats(tensor.name, shape: tensor.shape))
        }
        let metadata = [
            configurationKey: String(decoding: try checkpoint.state.configuration.json(), as: UTF8.self),
            classesKey: String(decoding: try JSONEncoder().encode(checkpoint.state.classes), as: UTF8.self),
        ]
        try checkpoint.mean.withUnsafeBytes { mean in
            let mean = SafetensorsTensor(name: "mean", shape: Shape(checkpoint.state.stored), bytes: mean)
            try SafetensorsWriter.write(tensors + [mean], metadata: metadata, to: path)
        }
    }

    /// Returns the network and recipe in a file's metadata; nil if another program wrote the file.
    /// - Throws: `NetworkError` if they cannot be parsed.
    public static func configuration(of file: SafetensorsFile) throws -> RunConfiguration? {
        guard let text = file.metadata[configurationKey] else { return nil }
        do {
            return try RunConfiguration(json: Data(text.utf8))
        } catch {
            throw NetworkError("\(file.path): the network cannot be parsed: \(error); name one with --preset or --config")
        }
    }

    public static func classes(of file: SafetensorsFile) -> [String]? {
        file.metadata[classesKey].flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) }
    }

    /// Writes a checkpoint of step 0 with zero momentum from a file's tensors.
    /// - Parameter mean: the mean image, CHW, and its channels, height and width; nil means that of the file.
    /// - Throws: `NetworkError` or `SafetensorsError`, which names the tensor that is missing or has another shape.
    public static func makeCheckpoint(
        of file: SafetensorsFile, configuration: RunConfiguration, classes: [String], mean: (values: [Float], stored: [Int])?,
        datasetFingerprint: String, version: String, at path: String
    ) throws {
        let tensors = try configuration.network.parameterTensors()
        let model = try tensors.map { tensor in
            SafetensorsTensor(
                name: tensor.name, shape: tensor.shape, bytes: try file.floats(tensor.name, shape: tensor.shape))
        }
        guard let mean = try mean ?? storedMean(file) else {
            throw NetworkError("\(file.path) has no tensor named mean; name the data set it was trained on with --data")
        }
        let input = configuration.network.input
        guard mean.stored.count == 3, mean.stored[0] == input.channels, mean.stored[1] >= input.height,
            mean.stored[2] >= input.width
        else {
            throw NetworkError(
                "the mean image of shape \(Shape(mean.stored)) does not fit the network's input; name another data set with --data")
        }
        let zeros = try TensorBuffer.allocate(floats: tensors.map(\.shape.count).max() ?? 1)
        let momentum = tensors.map { tensor in
            SafetensorsTensor(
                name: tensor.name, shape: tensor.shape,
                bytes: UnsafeRawBufferPointer(rebasing: zeros.bytes[..<(4 * tensor.shape.count)]))
        }
        try withExtendedLifetime(zeros) {
            try Checkpoint.write(
                to: path,
                state: .init(
                    step: 0, configuration: configuration, datasetFingerprint: datasetFingerprint, classes: classes,
                    stored: mean.stored, version: version),
                model: model, momentum: momentum, mean: mean.values)
        }
    }

    private static func storedMean(_ file: SafetensorsFile) throws -> (values: [Float], stored: [Int])? {
        guard let shape = file.shape("mean") else { return nil }
        return (try file.array("mean"), shape.extents)
    }
}
