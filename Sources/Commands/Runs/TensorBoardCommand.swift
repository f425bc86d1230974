import Analysis
import ArgumentParser
import Foundation
import Glibc
import Interchange
import NeuralNetwork
import Platform
import RunLog

/// `colonnade runs tensorboard`: converts a run's curves, kernels and weights for TensorBoard.
struct TensorBoardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tensorboard", abstract: "Writes a run's curves, kernels and weights for TensorBoard.",
        discussion: "A later conversion replaces an earlier one in the same directory.")

    @Argument(help: ArgumentHelp("The run's path or name.", valueName: "run"), completion: .runs) var target: String
    @Option(help: ArgumentHelp("The directory of runs.", valueName: "dir"), completion: .directory) var runs = "runs"
    @Option(
        help: ArgumentHelp("Where to write the event file (default: tensorboard in the run's directory).", valueName: "dir"),
        completion: .directory)
    var out: String?
    @Option(help: "The largest number of points of a curve; a longer run is thinned evenly.") var points = 10_000
    @Flag(name: [.customShort("f"), .long], help: "Follow until the run ends.") var follow = false
    @Flag(help: "Print JSON.") var json = false

    private struct Document: Encodable {
        let path: String
        let bytes: Int
    }

    func run() throws {
        guard (2...10_000_000).contains(points) else {
            throw CommandFailure(CommandFailure.usage, "--points must be between 2 and 10000000, not \(points)")
        }
        let directory = try RunDirectory.find(target, runs: runs)
        let output = out ?? directory.path + "/tensorboard"
        let events = try RunEvents(of: directory, to: output, points: points, kernelImages: Self.kernels, notice: Terminal.error)
        if follow, !json { Terminal.line("writing \(events.path); see it with: tensorboard --logdir \(output)") }
        while true {
            // Read the state first, so that everything written before the end is converted.
            let isRunning = try directory.record().state == .running
            try TaskProgress.show("converting \(directory.name)") { progress in
                try events.update(isLast: !(follow && isRunning), progress: progress)
            }
            guard follow, isRunning else { break }
            usleep(500_000)
        }
        let size = (try? FileManager.default.attributesOfItem(atPath: events.path)[.size] as? Int) ?? 0
        if json { return Terminal.line(try Terminal.json(Document(path: events.path, bytes: size))) }
        Terminal.line("wrote \(events.path), \(Terminal.bytes(size)); see it with: tensorboard --logdir \(output)")
    }

    /// Draws the first layer's kernels, a sheet for each column.
    private static func kernels(_ checkpoint: Checkpoint) throws -> [EventImage] {
        guard let gallery = try KernelGallery(checkpoint) else { return [] }
        return gallery.columns.enumerated().map { column, sheet in
            EventImage(
                tag: "\(gallery.layer)/column \(column)", png: [UInt8](sheet.file), width: sheet.width, height: sheet.height,
                channels: gallery.channels)
        }
    }
}
