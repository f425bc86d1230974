import Analysis
import Datasets
import Foundation
import NeuralNetwork
import Partition
import Platform
import Prediction
import RunLog
import Settings
import Supervision

/// Measures a network's kernels for `plan` as they run in training: in a short run on synthetic images.
enum KernelMeasurement {
    /// - Parameter neighbours: the number of workers that compute side by side in the run.
    static func measure(_ configuration: RunConfiguration, neighbours: Int) throws -> KernelProfile {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-plan-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: scratch, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        var measured = configuration
        // Passes have the size of the planned run's. If there are more workers than columns, each worker is a replica.
        let replicas = neighbours <= configuration.network.columns ? 1 : neighbours
        (measured.recipe.slices, measured.recipe.batch) = (replicas, replicas * configuration.recipe.sliceBatch)
        measured.recipe.schedule.kind = .drops
        (measured.recipe.validation.every, measured.recipe.checkpoint.every) = (0, 0)
        let layout = try ColumnLayout(columns: configuration.network.columns, workers: neighbours, replicas: replicas)
        let (file, data) = (scratch + "/run.yaml", scratch + "/made")
        // JSON is valid YAML, so the resolved configuration is written as JSON.
        var tree = try SettingsTree(measured.recipe).root
        tree["network"] = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(measured.network))
        try JSONEncoder().encode(JSONValue.object(tree)).write(to: URL(fileURLWithPath: file))
        let (network, batch) = (measured.network, measured.recipe.batch)
        try SyntheticImages.pack(
            into: data, channels: network.input.channels, height: network.input.height, width: network.input.width,
            classes: network.classes, train: max(4 * batch, network.classes), validation: 1)
        // A small network's steps take milliseconds: run enough of them to include occasional delays.
        let flops = try ProgramCompiler(network: network, workers: neighbours, replicas: replicas, batch: batch).programs()
            .reduce(0) { $0 + $1.flops }
        let every = flops > 50e9 ? 1 : 4
        let steps = 2 + min(max(5, Int(1000e9 / max(flops, 1))), 400)
        let child = try ChildProcess(
            name: "train",
            arguments: [
                "train", "--config", file, "--data", data, "--workers", "\(neighbours)", "--replicas", "\(replicas)",
                "--steps", "\(steps)", "--runs", scratch, "--name", "measured", "--trace-every", "\(every)", "--norms-every", "0",
            ], logPath: scratch + "/train.log")
        child.end(within: 3600, by: nil)
        guard child.exitCode == 0 else {
            throw CommandFailure(CommandFailure.software, child.lastWords ?? "the measurement run failed")
        }
        let count = neighbours == 1 ? "one worker" : "\(neighbours) workers side by side"
        let basis = "measured \(Timestamp.text(WallClock.now, digits: 0)), \(count)"
        guard
            let profile = try ObservedRun.profile(
                RunDirectory(scratch + "/measured"), measured, layout, on: .thisMachine(workers: neighbours),
                placement: Array(repeating: 0, count: neighbours), basis: basis, isCounted: { $0 > 2 })
        else { throw CommandFailure(CommandFailure.software, "the measurement run recorded no traced step") }
        return profile
    }
}
