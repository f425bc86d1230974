import Foundation
import NeuralNetwork
import Platform
package import RunLog
import Tensors

/// Compares the checkpoints of two runs that should be the same.
package enum CheckpointDifference {
    /// Returns the first step at which both runs have checkpoints that differ, and the differing tensors.
    package static func first(_ directories: [RunDirectory]) throws -> (step: Int, tensors: [String])? {
        let checkpoints = directories.map { Dictionary($0.checkpoints().map { ($0.step, $0.path) }) { first, _ in first } }
        for step in Set(checkpoints[0].keys).intersection(checkpoints[1].keys).sorted() {
            guard let one = checkpoints[0][step], let other = checkpoints[1][step] else { continue }
            let (a, b) = (try Checkpoint(path: one), try Checkpoint(path: other))
            var names: [String] = []
            for tensor in try a.state.configuration.network.parameterTensors() {
                for (file, another, suffix) in [(a.model, b.model, ""), (a.momentum, b.momentum, " (momentum)")] {
                    guard another.shape(tensor.name) == tensor.shape else {
                        throw CommandFailure(CommandFailure.data, "\(tensor.name) has another shape in \(other); the networks differ")
                    }
                    let same = try file.floats(tensor.name).elementsEqual(another.floats(tensor.name))
                    if !same { names.append(tensor.name + suffix) }
                }
            }
            if !names.isEmpty { return (step, names) }
        }
        return nil
    }
}
