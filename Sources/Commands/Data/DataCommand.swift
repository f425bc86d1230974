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

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "import", abstract: "Packs images into a data set.")

        @Option(help: "The format of the source: \(ImportFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
        var format: String
        @Option(help: "Side of the stored images in pixels, for image files (default: 256).")
        var size: Int?
        @Option(help: "How image files are stored: raw pixels, or jpeg in a ninth of the space.")
        var packing = Packing.raw.rawValue
        /// The number of images after which an interrupted import can resume.
        @Option(help: .hidden) var journalEvery = 4096
        @Argument(help: "The directory with the images.") var source: String
        @Argument(help: "The data set to create.") var destination: String

        func run() throws {
            guard let known = ImportFormat(rawValue: format) else {
                let names = ImportFormat.allCases.map(\.rawValue)
                throw CommandFailure(
                    CommandFailure.usage, "unknown format \(format)\(Spelling.suggestion(for: format, among: names))")
            }
            guard let packing = Packing(rawValue: packing) else {
                throw CommandFailure(CommandFailure.usage, "--packing is raw or jpeg, not \(packing)")
            }
            let start = MonotonicClock.now
            let progress = TaskProgress()
            var options = DatasetImporter.Options(format: known, source: source, destination: destination)
            (options.size, options.packing) = (size, packing)
            options.journalInterval = max(1, journalEvery)
            let report = try DatasetImporter.run(options) { phase, done, fraction in
                progress.show(phase, fraction, "\(Terminal.grouped(done)) images")
            }
            progress.finish()
            let listed = report.skipped.prefix(20)
            for skipped in listed { Terminal.line("skipped \(skipped.file): \(skipped.reason)") }
            if report.skippedCount > listed.count {
                Terminal.line("\(Terminal.grouped(report.skippedCount - listed.count)) more in \(destination)/skipped.tsv")
            }
            let counts = report.manifest.counts
            let skipped = report.skippedCount == 0 ? "" : ", \(Terminal.grouped(report.skippedCount)) skipped"
            Terminal.line(
                "packed \(Terminal.grouped(counts[.train])) training and \(Terminal.grouped(counts[.validation])) "
                    + "validation images into \(destination) in \(Terminal.duration(MonotonicClock.now - start))\(skipped)")
        }
    }

    struct Describe: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a data set's contents.")
        @Argument var directory: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let dataset = try Dataset(path: directory)
            let manifest = dataset.manifest
            if json { return Terminal.line(try Terminal.json(manifest)) }
            Terminal.line("name         \(manifest.name)")
            let packing = manifest.packing == .raw ? "pixels" : "JPEG"
            Terminal.line("images       \(manifest.channels)×\(manifest.height)×\(manifest.width), stored as \(packing)")
            for split in Split.allCases {
                let label = split.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)
                Terminal.line("\(label) \(Terminal.grouped(dataset.count(split)))")
            }
            let shown = manifest.names.prefix(12).joined(separator: ", ")
            Terminal.line("classes      \(manifest.classes.count): \(shown)\(manifest.classes.count > 12 ? ", …" : "")")
            Terminal.line("fingerprint  \(manifest.fingerprint)")
        }
    }

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
