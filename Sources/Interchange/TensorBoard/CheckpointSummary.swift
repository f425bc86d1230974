import NeuralNetwork
import SwiftProtobuf
import Tensors

/// The TensorBoard summary of a checkpoint: a histogram of every parameter tensor, and images.
struct CheckpointSummary {
    let summary: TBSummary

    /// Opens and verifies a checkpoint.
    /// - Throws: `NetworkError`, `SafetensorsError` or `FileError` if it is missing or damaged.
    init(path: String, images: (Checkpoint) throws -> [EventImage]) throws {
        let checkpoint = try Checkpoint(path: path)
        let histograms = try checkpoint.state.configuration.network.parameterTensors().compactMap { tensor in
            try checkpoint.model.array(tensor.name).withUnsafeBufferPointer(WeightHistogram.init).map { histogram in
                TBSummary.Value.with { ($0.tag, $0.histo) = ("weights/\(tensor.name)", histogram.message) }
            }
        }
        let values = try images(checkpoint).map(\.value) + histograms
        summary = .with { $0.value = values }
    }
}
