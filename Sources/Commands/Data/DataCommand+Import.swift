import ArgumentParser
import Datasets
import NeuralNetwork
import Platform

extension DataCommand {
    /// `colonnade data import`: packs images into a data set.
    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Packs images into a data set.",
            discussion: "docs/datasets.md shows the layouts of files that are recognized.")

        @Option(help: "The format of the source: \(ImportFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
        var format: String
        @Option(help: "Side of the stored images in pixels, for image files (default: 256).")
        var size: Int?
        @Option(help: "How image files are stored: raw pixels, or jpeg in a ninth of the space.")
        var packing = Packing.raw.rawValue
        @Option(
            help: ArgumentHelp(
                "Share of each class that is held out for validation, where the source has no validation images (default: 0.1).",
                valueName: "share"))
        var validationShare: Double?
        @Option(help: ArgumentHelp("Seed of the choice of these images.", valueName: "number")) var validationSeed: UInt64 = 0
        @Flag(help: "Follow symbolic links that lead out of the source.") var followLinks = false
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
            if let share = validationShare, !(share > 0 && share < 1) {
                throw CommandFailure(CommandFailure.usage, "--validation-share must be above 0 and below 1, not \(share)")
            }
            let paths = ArgumentBytes.paths([source, destination])
            guard paths[1] == FilePath(destination) else {
                throw CommandFailure(CommandFailure.usage, "the name \(paths[1].shown) is not UTF-8; name another data set to create")
            }
            let start = MonotonicClock.now
            let progress = TaskProgress()
            var options = DatasetImporter.Options(format: known, source: paths[0], destination: destination)
            (options.size, options.packing, options.followsLinks) = (size, packing, followLinks)
            (options.validationShare, options.validationSeed) = (validationShare, validationSeed)
            options.journalInterval = max(1, journalEvery)
            let report = try DatasetImporter.run(options) { phase, done, fraction in
                progress.show(phase, fraction, "\(Terminal.grouped(done)) images")
            }
            progress.finish()
            for line in ImportSummary(report, destination: destination).lines { Terminal.line(line) }
            let counts = report.manifest.counts
            let skipped = report.skippedCount == 0 ? "" : ", \(Terminal.grouped(report.skippedCount)) skipped"
            Terminal.line(
                "packed \(Terminal.grouped(counts[.train])) training and \(Terminal.grouped(counts[.validation])) "
                    + "validation images into \(destination) in \(Terminal.duration(MonotonicClock.now - start))\(skipped)")
        }
    }
}
