import NeuralNetwork
import SwiftProtobuf
import Tensors

/// What TensorBoard is shown of a checkpoint: a histogram of every parameter tensor, and pictures.
struct CheckpointSummary {
    let summary: TBSummary

    /// Opens a checkpoint and verifies it.
    /// - Throws: `NetworkError`, `SafetensorsError` or `FileError` where it is not there, or damaged.
    init(path: String, pictures: (Checkpoint) throws -> [EventPicture]) throws {
        let checkpoint = try Checkpoint(path: path)
        let histograms = try checkpoint.state.configuration.network.parameterTensors().compactMap { tensor in
            try checkpoint.model.array(tensor.name).withUnsafeBufferPointer(WeightHistogram.init).map { histogram in
                TBSummary.Value.with { ($0.tag, $0.histo) = ("weights/\(tensor.name)", histogram.message) }
            }
        }
        let values = try pictures(checkpoint).map(\.value) + histograms
        summary = .with { $0.value = values }
    }
}
