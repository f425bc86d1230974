import Coordinator
import Foundation
import NeuralNetwork
import Tensors

extension FuzzTarget {
    /// A checkpoint's state.json, beside tensors that are whole.
    static let checkpoint = FuzzTarget("checkpoint") { input in
        let path = try CheckpointFiles.path.get()
        CheckpointFiles.folder.write(input, to: "checkpoint/state.json")
        let checkpoint = try Checkpoint(path: path)
        let state = checkpoint.state
        // As a run that is continued from it counts on.
        let plan = StepPlan(
            recipe: state.configuration.recipe, imagesPerEpoch: 50_000, base: state.step, last: state.step + 1000)
        var ledger = StepLedger(plan: plan, workers: 1, stores: 1)
        _ = ledger.advance()
        _ = plan.epoch(state.step + 1)
    }
}

enum CheckpointFiles {
    static let folder = ScratchFolder("checkpoint")

    /// A network of one small layer and another.
    static let network = NetworkSpecification(
        input: .init(channels: 1, height: 4, width: 4), columns: 1,
        layers: [
            LayerSpecification("conv", .convolution(.init(kernels: 2, size: 3))),
            LayerSpecification("out", .innerProduct(.init(outputs: 3)), reads: .all),
        ])

    /// A checkpoint of that network, written by the product's own writer.
    static let path = Result { () throws -> String in
        let path = folder("checkpoint")
        let zeros = TensorBuffer(byteCount: 4096)
        let tensors = try network.parameterTensors().map { tensor in
            SafetensorsTensor(
                name: tensor.name, shape: tensor.shape,
                bytes: UnsafeRawBufferPointer(rebasing: zeros.bytes[..<(4 * tensor.shape.count)]))
        }
        try withExtendedLifetime(zeros) {
            try Checkpoint.write(
                to: path,
                state: .init(
                    step: 12, configuration: RunConfiguration(network: network, recipe: Recipe()),
                    datasetFingerprint: "0123456789abcdef", classes: ["a", "b", "c"], stored: [1, 4, 4], version: "0.1.0"),
                model: tensors, momentum: tensors, mean: [Float](repeating: 0, count: 16))
        }
        return path
    }
}
