import Foundation
import Glibc
import NeuralNetwork
import RunLog
import Tensors
import TestSupport
import Testing

/// What `train`, `evaluate`, `predict` and `runs` leave and print.
@Suite(.serialized) struct CommandTests {
    @Test func aRunLeavesItsMetricsCheckpointsAndLogs() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let result = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "6", "--set", "batch=16", "--set",
            "optimizer.learning_rate=0.001", "--set",
            "validation.every=3", "--set", "checkpoint.every=4", "--name", "a")
        #expect(result.code == 0, "\(result.errors)")
        let run = runner.runDirectory("a")
        #expect(run.checkpoints().map(\.step) == [0, 4, 6])
        #expect(try run.record().state == .finished)
        #expect(try run.metrics().count == 8)
        let checkpoint = try Checkpoint(path: run.checkpointPath(step: 6))
        #expect(checkpoint.model.shape("conv2.weight")?.extents == [96, 32, 5, 5])
        for log in ["worker-0.log", "worker-1.log"] {
            #expect(FileManager.default.fileExists(atPath: run.logsPath + "/" + log))
        }
        let evaluated = try runner.run(
            "evaluate", "--checkpoint", run.checkpointPath(step: 6), "--data", data, "--json")
        struct Errors: Decodable { let top1_error, top5_error: Double; let images: Int }
        let errors = try JSONDecoder().decode(Errors.self, from: Data(evaluated.output.utf8))
        let last = try #require(run.validations.last)
        #expect(errors.top1_error == last.top1_error && errors.top5_error == last.top5_error && errors.images == 50)
        let image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        try #require(Data(base64Encoded: image)).write(to: URL(fileURLWithPath: runner.path("a.png")))
        struct Predicted: Decodable {
            struct Entry: Decodable { let label: String; let probability: Double }
            let image: String
            let predictions: [Entry]
        }
        let predicted = try runner.run(
            "predict", "--checkpoint", run.checkpointPath(step: 6), "a.png", "--top", "10", "--json")
        let entries = try JSONDecoder().decode([Predicted].self, from: Data(predicted.output.utf8))
        #expect(entries.map(\.image) == ["a.png"] && entries[0].predictions.count == 10)
        let probabilities = entries[0].predictions.map(\.probability)
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5 && probabilities == probabilities.sorted(by: >))
        let missing = try runner.run("predict", "--checkpoint", run.checkpointPath(step: 6), "none.jpg")
        #expect(missing.code != 0 && missing.errors.contains("none.jpg"))
        #expect(try runner.run("runs", "show", "a", "--json").output.contains("\"last_step\""))
        #expect(try runner.run("runs", "list").output.contains("finished"))
    }

    @Test func fineTuningKeepsAllButTheLastLayer() throws {
        let runner = try CommandRunner()
        let options = ["--steps", "2", "--set", "batch=16", "optimizer.learning_rate=0.001", "checkpoint.every=1"]
        let source = try runner.run(["train", "--preset", "cifar10", "--data", try runner.makeData(), "--name", "a"] + options)
        #expect(source.code == 0, "\(source.errors)")
        let trained = try Checkpoint(path: runner.runDirectory("a").checkpointPath(step: 2))
        let three = try runner.makePhotographs("three", side: 32, classes: 3)
        var digests: [[String]] = []
        for workers in ["1", "2"] {
            let tuned = try runner.run(
                [
                    "train", "--preset", "cifar10", "--data", three, "--name", "b\(workers)", "--workers", workers,
                    "--initialize", trained.path,
                ] + options)
            #expect(tuned.code == 0, "\(tuned.errors)")
            #expect(tuned.output.contains("fc6.weight, fc6.bias are drawn"))
            let run = runner.runDirectory("b\(workers)")
            #expect(try run.record().initialized_from == trained.path)
            digests.append(run.digests)
        }
        #expect(digests[0] == digests[1] && digests[0].count == 2)
        let start = try Checkpoint(path: runner.runDirectory("b1").checkpointPath(step: 0))
        for name in ["conv1.weight", "conv3.weight", "fc5.weight", "fc5.bias"] {
            #expect(try start.model.array(name) == trained.model.array(name))
        }
        #expect(start.model.shape("fc6.weight")?.extents == [3, 256])
        #expect(try start.model.array("fc6.weight").contains { $0 != 0 })
        #expect(try start.momentum.array("conv1.weight").allSatisfy { $0 == 0 })
        let other = try runner.run(
            ["train", "--preset", "cifar10-four-layer", "--data", three, "--initialize", trained.path] + options)
        #expect(other.code == 78 && other.errors.contains("conv2.weight"), "\(other.errors)")
    }

    @Test func tracesRecordWhatEveryProcessDid() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        var digests: [[String]] = []
        for (name, extra) in [("traced", ["--trace-every", "2"]), ("plain", [])] {
            let result = try runner.run(
                [
                    "train", "--preset", "cifar10", "--data", data, "--steps", "5", "--name", name, "--set", "batch=16",
                    "optimizer.learning_rate=0.001", "checkpoint.every=0",
                ] + extra)
            #expect(result.code == 0, "\(result.errors)")
            digests.append(runner.runDirectory(name).digests)
        }
        #expect(digests[0] == digests[1] && digests[0].count == 5)
        // Every run traces a few early steps for predictions.
        #expect(Set(runner.runDirectory("plain").timelines().map(\.step)) == [4])
        let lines = runner.runDirectory("traced").timelines()
        #expect(
            Set(lines.map { "\($0.step) \($0.role) \($0.rank)" })
                == Set(
                    [2, 4].flatMap { step in
                        ["worker 0", "worker 1", "store 0"].map { "\(step) \($0)" }
                    }))
        for line in lines {
            // Spans of one thread follow each other.
            for (one, next) in zip(line.spans, line.spans.dropFirst()) { #expect(next.start + 2 >= one.start) }
            let kinds = Set(line.spans.map(\.kind))
            #expect(kinds == (line.role == "store" ? [.update] : [.compute, .exchange_wait, .store_wait, .data_wait, .send]))
            let names = line.spans.map(\.name)
            // Twelve tensors; blocks of conv3, fc5 and fc6 read both columns.
            if line.role == "store" { #expect(names.count == 30 && names.contains("conv3.weight[column 0 from 1]")) }
            if line.role == "worker" { #expect(names.contains("conv1 output") && names.contains("conv1 weight gradient")) }
        }
    }

    @Test func runsCanBeFollowedComparedPlottedAndTraced() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        for (name, extra, options) in [("a", [], ["--trace-every", "2"]), ("b", [], []), ("c", ["seed=2"], [])]
            as [(String, [String], [String])]
        {
            let result = try runner.run(
                ["train", "--preset", "cifar10", "--data", data, "--steps", "4", "--name", name] + options
                    + ["--set", "batch=16", "optimizer.learning_rate=0.001", "checkpoint.every=2"] + extra)
            #expect(result.code == 0, "\(result.errors)")
        }
        let tail = try runner.run("runs", "tail", "a", "-n", "2", "-f")
        #expect(tail.output.split(separator: "\n").count == 2 && tail.output.contains("step 4"))
        #expect(try runner.run("runs", "tail", "a", "--json").output.split(separator: "\n").count == 5)
        let same = try runner.run("runs", "compare", "a", "b")
        #expect(same.output.contains("the settings are the same"))
        let compared = try runner.run("runs", "compare", "a", "c")
        #expect(compared.output.contains("recipe.seed") && compared.output.contains("training loss"))
        for quantity in ["error", "loss", "validation-loss"] {
            let drawn = try runner.run("runs", "plot", "a", "c", "--of", quantity, "--out", "curves.svg")
            #expect(drawn.code == 0 && drawn.output.contains("wrote curves.svg: a, c"), "\(drawn.errors)")
            let image = try String(contentsOfFile: runner.path("curves.svg"), encoding: .utf8)
            #expect(image.contains(">a</text>") && image.contains(">c</text>") && image.contains("passes over"))
        }
        let crowd = try runner.run(["runs", "plot"] + Array(repeating: "a", count: 9))
        #expect(crowd.code != 0 && crowd.errors.contains("at most 8"))
        #expect(try runner.run("runs", "diverge", "a", "b").output.contains("the same in all 4 steps"))
        let diverged = try runner.run("runs", "diverge", "a", "c", "--json")
        struct Divergence: Decodable { let first_differing_step: Int; let checkpoint: Int; let tensors: [String] }
        let found = try JSONDecoder().decode(Divergence.self, from: Data(diverged.output.utf8))
        #expect(found.first_differing_step == 1 && found.checkpoint == 0 && found.tensors.first == "conv1.weight")
        #expect(try runner.run("runs", "trace", "b").code == 0)
        try FileManager.default.removeItem(atPath: runner.path("runs/b/timeline.jsonl"))
        #expect(try runner.run("runs", "trace", "b").code == 66)
        #expect(try runner.run("runs", "trace", "a", "--out", "trace.json").code == 0)
        struct Trace: Decodable {
            struct Event: Decodable { let name: String; let ph: String; let pid: Int; let ts, dur: Double?; let id: Int? }
            let traceEvents: [Event]
        }
        let trace = try JSONDecoder().decode(Trace.self, from: Data(contentsOf: URL(fileURLWithPath: runner.path("trace.json"))))
        #expect(trace.traceEvents.filter { $0.ph == "M" }.count == 3)
        #expect(trace.traceEvents.contains { $0.ph == "X" && $0.name == "conv1 output" })
        // Every slab that is sent is received: as many arrows start as end.
        let (starts, ends) = (trace.traceEvents.filter { $0.ph == "s" }, trace.traceEvents.filter { $0.ph == "f" })
        #expect(!starts.isEmpty && starts.count == ends.count && Set(starts.map(\.id)) == Set(ends.map(\.id)))
    }

    @Test func evaluateReportsEveryClass() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "4", "--name", "a", "--set", "batch=16",
            "optimizer.learning_rate=0.001")
        let checkpoint = runner.runDirectory("a").checkpointPath(step: 4)
        struct Result: Decodable {
            struct Class: Decodable { let name: String; let images: Int; let top1_error, top5_error: Double }
            let top1_error, top5_error: Double
            let images: Int
            let per_class: [Class]
            let confusion: [[Int]]
        }
        func evaluate(_ extra: [String]) throws -> Result {
            let result = try runner.run(
                ["evaluate", "--checkpoint", checkpoint, "--data", data, "--json", "--per-class", "--confusion"] + extra)
            #expect(result.code == 0, "\(result.errors)")
            return try JSONDecoder().decode(Result.self, from: Data(result.output.utf8))
        }
        let one = try evaluate([])
        #expect(one.per_class.map(\.images) == [Int](repeating: 5, count: 10) && one.per_class[3].name == "class3")
        #expect(abs(one.per_class.map(\.top1_error).reduce(0, +) / 10 - one.top1_error) < 1e-12)
        #expect(abs(one.per_class.map(\.top5_error).reduce(0, +) / 10 - one.top5_error) < 1e-12)
        let right = one.confusion.indices.reduce(0) { $0 + one.confusion[$1][$1] }
        #expect(abs(1 - Double(right) / 50 - one.top1_error) < 1e-12)
        // The network reads the whole image, so its crops are the image and the mirrored image.
        #expect(try evaluate(["--crops", "18"]).images == 50)
        #expect(try runner.run("evaluate", "--checkpoint", checkpoint, "--data", data, "--crops", "3").code == 64)
        let text = try runner.run("evaluate", "--checkpoint", checkpoint, "--data", data, "--per-class", "--confusion")
        #expect(text.output.contains("usually taken for") && text.output.contains("rows are true classes"))
    }

    @Test func anInterruptWritesACheckpointAndLeavesNoProcess() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let train = try runner.start([
            "train", "--preset", "cifar10", "--data", data, "--steps", "100000", "--set", "batch=16", "--set",
            "optimizer.learning_rate=0.001", "--name", "a",
        ])
        try train.wait(forOutput: "step 1/")
        train.interrupt()
        try train.waitUntilExit()
        #expect(train.terminationStatus == 0)
        let run = runner.runDirectory("a")
        let record = try run.record()
        #expect(record.state == .interrupted)
        let last = try #require(run.metrics().map(\.step).max())
        #expect(run.checkpoints().last?.step == last)
        for process in record.processes { #expect(kill(pid_t(process.process), 0) != 0, "\(process.role) still runs") }
    }
}
