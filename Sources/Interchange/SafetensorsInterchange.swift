import Foundation
public import NeuralNetwork
public import Tensors

/// A network as one safetensors file: parameters under their names, the mean picture as `mean`, and network, recipe and
/// classes as metadata.
public enum SafetensorsInterchange {
    private static let configurationKey = "colonnade.configuration"
    private static let classesKey = "colonnade.classes"

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

    /// What a file says of itself; nil where another program wrote it.
    public static func configuration(of file: SafetensorsFile) throws -> RunConfiguration? {
        guard let text = file.metadata[configurationKey] else { return nil }
        do {
            return try RunConfiguration(json: Data(text.utf8))
        } catch {
            throw NetworkError("\(file.path): its network cannot be read: \(error); name one with --preset or --config")
        }
    }

    public static func classes(of file: SafetensorsFile) -> [String]? {
        file.metadata[classesKey].flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) }
    }

    /// Makes a checkpoint, at step 0 and without momentum, of a file's tensors.
    /// - Parameters:
    ///   - mean: the mean picture and its channels, height and width; nil takes the file's own.
    /// - Throws: `NetworkError` or `SafetensorsError` naming what is missing or has another shape.
    public static func makeCheckpoint(
        of file: SafetensorsFile, configuration: RunConfiguration, classes: [String], mean: (values: [Float], stored: [Int])?,
        datasetFingerprint: String, version: String, at path: String
    ) throws {
        let tensors = try configuration.network.parameterTensors()
        let model = try tensors.map { tensor in
            SafetensorsTensor(
                name: tensor.name, shape: tensor.shape, bytes: try file.floats(tensor.name, shape: tensor.shape))
        }
        guard let mean = try mean ?? own(file) else {
            throw NetworkError("\(file.path) has no tensor named mean; name the data set with --data, whose mean it is")
        }
        let input = configuration.network.input
        guard mean.stored.count == 3, mean.stored[0] == input.channels, mean.stored[1] >= input.height,
            mean.stored[2] >= input.width
        else { throw NetworkError("the mean picture, \(Shape(mean.stored)), does not go with what the network reads") }
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

    private static func own(_ file: SafetensorsFile) throws -> (values: [Float], stored: [Int])? {
        guard let shape = file.shape("mean") else { return nil }
        return (try file.array("mean"), shape.extents)
    }
}
