import Analysis
import ArgumentParser
import Foundation
import Platform
import RunLog

/// `colonnade runs diverge`: finds where two runs that should be the same diverge.
struct DivergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diverge", abstract: "Names the first step and tensor in which two runs differ.")

    @OptionGroup var pair: RunPair
    @Flag(help: "Print JSON.") var json = false

    private struct Document: Encodable {
        /// The number of steps that both runs have.
        let steps: Int
        let first_differing_step: Int?
        /// The first checkpoint in which they differ.
        var checkpoint: Int?
        /// That checkpoint's differing tensors, in the network's order.
        var tensors: [String] = []
    }

    func run() throws {
        let directories = try pair.directories()
        let divergence = RunDivergence(directories[0], directories[1], index: MetricsIndex.withProgress)
        guard divergence.steps > 0 else {
            throw CommandFailure(CommandFailure.data, "the runs have no step in common; compare runs with the same settings")
        }
        var document = Document(steps: divergence.steps, first_differing_step: divergence.first?.step)
        if divergence.first != nil, let (checkpoint, tensors) = try CheckpointDifference.first(directories) {
            (document.checkpoint, document.tensors) = (checkpoint, tensors)
        }
        if json { return Terminal.line(try Terminal.json(document)) }
        guard let first = divergence.first else {
            return Terminal.line("the runs are the same in all \(Terminal.grouped(divergence.steps)) steps that both have")
        }
        let digests = first.digests.map { $0 ?? "-" }
        Terminal.line("the runs differ from step \(first.step) on (\(digests[0]) and \(digests[1]))")
        if let checkpoint = document.checkpoint {
            Terminal.line("in the checkpoints of step \(checkpoint) these differ: \(document.tensors.joined(separator: ", "))")
        } else {
            Terminal.line("no checkpoint of both runs shows the tensor that differs; train both with --set checkpoint.every=\(first.step)")
        }
    }
}
