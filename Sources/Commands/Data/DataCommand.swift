import ArgumentParser
import Datasets
import Foundation
import NeuralNetwork
import Platform
import Tensors
import Worker

/// `colonnade data`: packs, shows and checks data sets.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Packs, shows and checks data sets.",
        subcommands: [Import.self, Describe.self, Verify.self, Batch.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Checks every record against its checksum.")
        @Argument var directory: String

        func run() throws {
            let dataset = try Dataset(path: directory)
            let progress = TaskProgress()
            let count = try dataset.verify { progress.show("checking records", Double($0) / Double($1)) }
            progress.finish()
            Terminal.line("\(Terminal.grouped(count)) records match their checksums")
        }
    }

    struct Batch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes exactly the images and labels that the network sees at a step.")
        @Argument var directory: String
        @Option(help: "The step, from 1.") var step: Int
        @Option(help: ArgumentHelp("A safetensors file: images NCHW, labels.", valueName: "file")) var out: String
        @OptionGroup var configuration: ConfigurationOptions

        func run() throws {
            guard step >= 1, step <= 1 << 40 else {
                throw CommandFailure(CommandFailure.usage, "--step must be from 1 to \(1 << 40), not \(step)")
            }
            let dataset = try Dataset(path: directory)
            let resolved = try configuration.resolve(for: dataset.manifest)
            let (batch, input) = (resolved.recipe.batch, resolved.network.input)
            let preparer = try BatchPreparer(dataset: dataset, settings: .init(resolved))
            let images = try TensorBuffer.allocate(floats: batch * preparer.imageFloats)
            var labels = [Int32](repeating: 0, count: batch)
            try labels.withUnsafeMutableBufferPointer {
                try preparer.prepare(
                    BatchRequest(split: .train, position: (step - 1) * batch, count: batch), images: images.floats,
                    labels: $0)
            }
            try labels.map(Int64.init).withUnsafeBytes { labels in
                try SafetensorsWriter.write(
                    [
                        SafetensorsTensor(
                            name: "images", shape: Shape(batch, input.channels, input.height, input.width),
                            bytes: UnsafeRawBufferPointer(rebasing: images.bytes[..<(4 * batch * preparer.imageFloats)])),
                        SafetensorsTensor(name: "labels", type: .int64, shape: Shape(batch), bytes: labels),
                    ], metadata: ["step": "\(step)"], to: out)
            }
        }
    }
}
