import Foundation
import RunLog
import TestSupport
import Testing

/// Event files. TensorBoard reads them if it is installed.
@Suite(.serialized) struct TensorBoardTests {
    private func size(_ directory: String) throws -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return try names.reduce(0) {
            $0 + ((try FileManager.default.attributesOfItem(atPath: directory + "/" + $1)[.size] as? Int) ?? 0)
        }
    }

    @Test func tensorBoardReadsTheEventsOfARun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let result = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "9", "--name", "a", "--set", "batch=16",
            "optimizer.learning_rate=0.001", "validation.every=2", "checkpoint.every=4")
        #expect(result.code == 0, "\(result.errors)")
        struct Written: Decodable { let path: String; let bytes: Int }
        let converted = try runner.run("runs", "tensorboard", "a", "--json")
        #expect(converted.code == 0, "\(converted.errors)")
        let written = try JSONDecoder().decode(Written.self, from: Data(converted.output.utf8))
        #expect(written.path.hasPrefix("runs/a/tensorboard/"))
        #expect(try size(runner.path("runs/a/tensorboard")) == written.bytes)
        try PythonCheck.run("check_tensorboard", [runner.path("runs/a"), runner.path("runs/a/tensorboard")])
        #expect(try runner.run("runs", "tensorboard", "a", "--out", "thin", "--points", "3").code == 0)
        try PythonCheck.run("check_tensorboard", [runner.path("runs/a"), runner.path("thin"), "3"])
        let few = try runner.run("runs", "tensorboard", "a", "--points", "1")
        #expect(few.code == 64 && few.errors.contains("--points"))
        let file = try runner.run("runs", "tensorboard", "a", "--out", "runs/a/run.json")
        #expect(file.code == 74 && file.errors.contains("run.json"), "\(file.code) \(file.errors)")
        #expect(try runner.run("runs", "tensorboard", "none").code == 66)
    }

    @Test func aRunIsFollowedAcrossAResumption() throws {
        let runner = try CommandRunner()
        let directory = try RunDirectory.create(runs: runner.path("runs"), name: "a")
        let record = RunRecord.sample(steps: 20)
        func append(_ steps: ClosedRange<Int>, _ factor: Double) throws {
            for step in steps {
                var lines =
                    String(
                        decoding: try JSONEncoder().encode(
                            StepMetrics(
                                step: step, epoch: 0, loss: factor / Double(step), learningRate: 0.01, imagesPerSecond: 5, seconds: 2,
                                digest: "x")), as: UTF8.self) + "\n"
                if step % 3 == 0 {
                    lines +=
                        #"{"kind":"norms","step":\#(step),"tensors":["a.weight","b"],"weight":[\#(factor),2.5],"update":[0.5,1e-3]}"# + "\n"
                }
                try TextFile.append(lines, to: directory.metricsPath)
            }
        }
        _ = try RunWriter(directory, record: record)
        try append(1...8, 1)
        let process = try runner.start(["runs", "tensorboard", "a", "--follow", "--out", "events"])
        // Steps that are withdrawn later must have been written before.
        try process.wait(for: "events", every: 10_000) { try size(runner.path("events")) >= 8 * 100 }
        #expect(process.isRunning)
        let writer = try RunWriter(directory, record: record, keeping: 5)
        try append(6...12, 2)
        try writer.update { $0.state = .finished }
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(process.errors)")
        try PythonCheck.run("check_tensorboard", [directory.path, runner.path("events")])
    }
}
