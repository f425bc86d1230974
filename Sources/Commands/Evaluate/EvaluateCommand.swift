import Analysis
import ArgumentParser
import Datasets
import Foundation
import NeuralNetwork
import Platform
import RunLog
import Tensors
import Worker

/// `colonnade evaluate`: measures the errors of one checkpoint, or of several whose predictions are averaged.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measures the errors of checkpoints on a data set.")

    @Option(help: ArgumentHelp("A checkpoint; several average their predictions.", valueName: "dir"), completion: .directory)
    var checkpoint: [String]
    @Option(help: ArgumentHelp("A packed data set.", valueName: "dir")) var data: String
    @Option(help: "train or validation.") var split = "validation"
    @Option(help: CropsOption.help) var crops = 1
    @Flag(help: "Show the errors of each class.") var perClass = false
    @Flag(help: "Show the confusion matrix, or the most frequent mistakes.") var confusion = false
    @Option(help: "Kernel threads.") var threads: Int?
    @Flag(help: "Print JSON.") var json = false

    /// The most damaged records that are named.
    private static let listed = 20

    private struct Result: Encodable {
        struct Class: Encodable {
            let name: String
            let images: Int
            let top1_error: Double
            let top5_error: Double
            let usually_taken_for: String?
        }
        let top1_error: Double
        let top5_error: Double
        let images: Int
        var per_class: [Class]?
        /// Rows are labels, columns guesses.
        var confusion: [[Int]]?
        var classes: [String]?
    }

    func run() throws {
        guard let split = Split(rawValue: split) else {
            throw CommandFailure(CommandFailure.usage, "--split must be train or validation, not \(split)")
        }
        let patches = try CropsOption.patches(crops)
        guard !checkpoint.isEmpty else { throw CommandFailure(CommandFailure.usage, "no checkpoint is given; name one with --checkpoint") }
        let dataset = try Dataset(path: data)
        let ensemble = try Ensemble(checkpoint.map { try Checkpoint(path: $0) }, dataset: dataset, threads: threads)
        let classes = ensemble.classes
        var counts = ErrorCounts(classes: classes)
        let total = dataset.count(split)
        let progress = TaskProgress()
        var failures: [String] = []
        func add(_ images: Range<Int>) throws {
            let (probabilities, labels) = try ensemble.probabilities(split, first: images.lowerBound, count: images.count, patches: patches)
            for image in 0..<images.count {
                counts.add(probabilities[image * classes..<(image + 1) * classes], label: Int(labels[image]))
            }
        }
        for first in stride(from: 0, to: total, by: Ensemble.batch) {
            let images = first..<min(first + Ensemble.batch, total)
            do {
                try add(images)
            } catch is DatasetError {
                // The others of the batch are evaluated one by one.
                for image in images {
                    do { try add(image..<image + 1) } catch let error as DatasetError { failures.append(error.description) }
                }
            }
            progress.show("evaluating", Double(images.upperBound) / Double(total))
        }
        progress.finish()
        guard counts.images > 0 else { throw CommandFailure(CommandFailure.data, failures.first ?? "\(data) has no images") }
        try show(counts, names: dataset.manifest.classes)
        guard !failures.isEmpty else { return }
        for failure in failures.prefix(Self.listed) { Terminal.error(failure) }
        throw CommandFailure(
            CommandFailure.data, "\(failures.count) of \(total) images could not be read; the errors are those of the others")
    }

    private func show(_ counts: ErrorCounts, names: [String]) throws {
        let total = Double(counts.images)
        let names = (0..<counts.classes).map { $0 < names.count ? names[$0] : "class \($0)" }
        var result = Result(
            top1_error: Double(counts.top1Wrong.reduce(0, +)) / total,
            top5_error: Double(counts.top5Wrong.reduce(0, +)) / total, images: counts.images)
        let present = names.indices.filter { counts.images(of: $0) > 0 }
        let lines = present.map { label in
            let images = counts.images(of: label)
            return Result.Class(
                name: names[label], images: images, top1_error: Double(counts.top1Wrong[label]) / Double(images),
                top5_error: Double(counts.top5Wrong[label]) / Double(images),
                usually_taken_for: counts.mostFrequentMistake(for: label).map { names[$0.guess] })
        }
        if json {
            if perClass { result.per_class = lines }
            if confusion { (result.confusion, result.classes) = (counts.confusion, names) }
            return Terminal.line(try Terminal.json(result))
        }
        Terminal.line("images       \(Terminal.grouped(counts.images))")
        Terminal.line("top-1 error  \(Terminal.percent(result.top1_error))")
        let showsTop5 = FigureText.showsTop5(classes: counts.classes)
        if showsTop5 { Terminal.line("top-5 error  \(Terminal.percent(result.top5_error))") }
        if perClass {
            Terminal.line("")
            let titles = ["class", "images", "top-1 error"] + (showsTop5 ? ["top-5 error"] : []) + ["usually taken for"]
            Terminal.line(
                Terminal.table(
                    [titles]
                        + lines.map { line in
                            [line.name, Terminal.grouped(line.images), Terminal.percent(line.top1_error)]
                                + (showsTop5 ? [Terminal.percent(line.top5_error)] : []) + [line.usually_taken_for ?? "-"]
                        }))
        }
        if confusion { Terminal.line("\n" + Self.confusionText(counts, names: names, present: present)) }
    }

    /// Formats the matrix if it fits a terminal, else the most frequent mistakes.
    private static func confusionText(_ counts: ErrorCounts, names: [String], present: [Int]) -> String {
        guard present.count <= 20 else {
            return "the most frequent mistakes\n"
                + Terminal.table(
                    [["class", "taken for", "images"]]
                        + counts.mistakes.prefix(30).map { [names[$0.label], names[$0.guess], "\($0.images)"] })
        }
        return "rows are true classes, columns predicted classes\n"
            + Terminal.table(
                [["class"] + present.map { "\($0)" }]
                    + present.map { label in
                        ["\(label) \(names[label])"] + present.map { "\(counts.confusion[label][$0])" }
                    })
    }
}
