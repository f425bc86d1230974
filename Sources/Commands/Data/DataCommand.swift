import ArgumentParser
import Datasets
import Foundation
import Network
import Tensors
import Threading
import Worker

/// `colonnade data`: data sets.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Packs, shows and checks data sets.",
        subcommands: [Import.self, Describe.self, Verify.self, Batch.self])

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "import", abstract: "Packs pictures into a data set.")

        @Option(help: "How the pictures are kept: \(ImportFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
        var format: String
        @Option(help: "Side of the stored pictures, for image folders (default: 256).")
        var size: Int?
        @Argument(help: "The directory with the pictures.") var source: String
        @Argument(help: "The data set to make.") var destination: String

        func run() throws {
            guard let known = ImportFormat(rawValue: format) else {
                let names = ImportFormat.allCases.map(\.rawValue)
                throw CommandFailure(
                    CommandFailure.usage, "unknown format \(format)\(Spelling.suggestion(for: format, among: names))")
            }
            let start = MonotonicClock.now
            let progress = ImportProgress()
            let report = try DatasetImporter.run(
                format: known, source: source, destination: destination, size: size
            ) { progress.show($0, $1, $2) }
            progress.finish()
            for skipped in report.skipped { Terminal.line("skipped \(skipped.file): \(skipped.reason)") }
            let counts = report.manifest.counts
            let skipped = report.skipped.isEmpty ? "" : ", \(report.skipped.count) skipped"
            Terminal.line(
                "packed \(Terminal.grouped(counts[.train])) training and \(Terminal.grouped(counts[.validation])) "
                    + "validation pictures into \(destination) in \(Terminal.duration(MonotonicClock.now - start))\(skipped)")
        }
    }

    struct Describe: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows what a data set holds.")
        @Argument var directory: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let dataset = try Dataset(path: directory)
            let manifest = dataset.manifest
            if json { return Terminal.line(try Terminal.json(manifest)) }
            Terminal.line("name         \(manifest.name)")
            Terminal.line("pictures     \(manifest.channels)×\(manifest.height)×\(manifest.width)")
            for split in Split.allCases {
                Terminal.line("\(split.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)) \(Terminal.grouped(dataset.count(split)))")
            }
            let shown = manifest.classes.prefix(12).joined(separator: ", ")
            Terminal.line("classes      \(manifest.classes.count): \(shown)\(manifest.classes.count > 12 ? ", …" : "")")
            Terminal.line("fingerprint  \(manifest.fingerprint)")
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Checks every record against its checksum.")
        @Argument var directory: String

        func run() throws {
            let count = try Dataset(path: directory).verify()
            Terminal.line("\(Terminal.grouped(count)) records are as they were packed")
        }
    }

    struct Batch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes exactly the pictures and labels that the network sees at a step.")
        @Argument var directory: String
        @Option(help: "The step, from 1.") var step: Int
        @Option(help: ArgumentHelp("A safetensors file: images NCHW, labels.", valueName: "file")) var out: String
        @OptionGroup var configuration: ConfigurationOptions

        func run() throws {
            guard step >= 1, step <= 1 << 40 else {
                throw CommandFailure(CommandFailure.usage, "--step counts from 1, not \(step)")
            }
            let dataset = try Dataset(path: directory)
            let resolved = try configuration.resolve(for: dataset.manifest)
            let (batch, input) = (resolved.recipe.batch, resolved.network.input)
            let preparer = try BatchPreparer(dataset: dataset, settings: .init(resolved))
            let images = TensorBuffer(floats: batch * preparer.imageFloats)
            var labels = [Int32](repeating: 0, count: batch)
            labels.withUnsafeMutableBufferPointer {
                preparer.prepare(
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

/// Shows an import's progress, once it takes longer than two seconds.
private final class ImportProgress: @unchecked Sendable {
    private let start = MonotonicClock.now
    private let shown = Monitor(0.0)

    func show(_ phase: String, _ done: Int, _ total: Int) {
        let now = MonotonicClock.now
        guard now - start > 2 else { return }
        let isDue = shown.update { last in
            guard now - last > (Terminal.isInteractive ? 0.2 : 5) else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let left = done > 0 ? (now - start) / Double(done) * Double(total - done) : .infinity
        let text = "\(phase): \(Terminal.grouped(done)) of \(Terminal.grouped(total)), \(Terminal.duration(left)) left"
        if Terminal.isInteractive { print("\r\u{1B}[K\(text)", terminator: "") } else { Terminal.line(text) }
    }

    func finish() { if Terminal.isInteractive { print("\r\u{1B}[K", terminator: "") } }
}
