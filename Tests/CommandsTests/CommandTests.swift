import Foundation
import Glibc
import Network
import RunLog
import Tensors
import Testing

@Suite(.serialized) struct CommandTests {
    @Test func aRunLeavesWhatTheContractSays() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let result = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "6", "--set", "batch=16", "--set",
             "optimizer.learning_rate=0.001", "--set",
            "validation.every=3", "--set", "checkpoint.every=4", "--name", "a")
        #expect(result.code == 0, "\(result.errors)")
        let run = RunDirectory(runner.path("runs/a"))
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
        guard case .validation(let last)? = try run.metrics().last(where: { if case .validation = $0 { true } else { false } })
        else { return #expect(Bool(false), "no validation") }
        #expect(errors.top1_error == last.top1_error && errors.top5_error == last.top5_error && errors.images == 50)
        let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        try #require(Data(base64Encoded: picture)).write(to: URL(fileURLWithPath: runner.path("a.png")))
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

    @Test func badInputGetsOneSentenceAndLeavesNothing() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        for (arguments, code, words) in [
            (["train", "--preset", "cifr10", "--data", data], 78, ["did you mean cifar10?"]),
            (["train", "--data", data, "--set", "optimizer.lerning_rate=1"], 78, ["did you mean learning_rate?"]),
            (["train", "--data", data, "--columns", "7"], 78, ["conv1", "7 columns", "would do"]),
            (["train", "--data", data, "--workers", "3"], 78, ["3 workers", "2 columns"]),
            (["train", "--data", data, "--set", "batch=0"], 78, ["batch"]),
            (["train", "--data", data, "--set", "batch=many"], 78, ["batch"]),
            (["train", "--data", "nowhere"], 65, ["nowhere", "data import"]),
            (["train"], 64, ["--data"]),
            (["train", "--data", data, "--steps", "0"], 64, ["--steps"]),
            (["train", "--resume", "nothing"], 66, ["nothing", "runs list"]),
            (["train", "--preset", "alexnet", "--data", data], 65, ["224", "32"]),
            (["coordinator", "--data", data, "--listen", "0.0.0.0:0"], 64, ["--insecure"]),
            (["evaluate", "--checkpoint", "none", "--data", data], 78, ["none", "no checkpoint"]),
        ] as [([String], Int32, [String])] {
            let result = try runner.run(arguments)
            #expect(result.code == code, "\(arguments): \(result.code) \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(arguments): \(result.errors)") }
            #expect(result.errors.split(separator: "\n").count == 1, "\(arguments): \(result.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: runner.path("runs")))
    }

    @Test func aDamagedCheckpointIsRefused() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "2", "--set", "batch=16", "--set",
             "optimizer.learning_rate=0.001", "--name", "a")
        let path = RunDirectory(runner.path("runs/a")).checkpointPath(step: 2) + "/model.safetensors"
        var bytes = FileManager.default.contents(atPath: path)!
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let result = try runner.run("train", "--resume", "runs/a", "--steps", "4")
        #expect(result.code == 78)
        #expect(result.errors.contains("damaged"))
    }

    /// On a file system of five megabytes, which takes root to make.
    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func aFullDiskIsSaidAndLeavesNothingHalfWritten() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData(images: 3000)
        let small = runner.path("small")
        try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
        func tool(_ path: String, _ arguments: [String]) throws -> Int32 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = arguments
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }
        guard try tool("/bin/mount", ["-t", "tmpfs", "-o", "size=5m", "tmpfs", small]) == 0 else {
            return print("skipped: this machine lets nobody mount")
        }
        defer { _ = try? tool("/bin/umount", [small]) }
        let result = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "9", "--set", "batch=16", "--set",
            "optimizer.learning_rate=0.001", "--set", "checkpoint.every=2", "--runs", small, "--name", "a")
        #expect(result.code == 75)
        #expect(result.errors.contains("No space left on device"), "\(result.errors)")
        let run = RunDirectory(small + "/a")
        let names = try FileManager.default.contentsOfDirectory(atPath: run.checkpointsPath)
        #expect(!names.isEmpty && names.allSatisfy { $0.hasPrefix("step-") })
        for checkpoint in run.checkpoints() { _ = try Checkpoint(path: checkpoint.path) }

        let imported = try runner.run("data", "import", "--format", "cifar10", runner.path("data-source"), small + "/d")
        #expect(imported.code == 74)
        #expect(try FileManager.default.contentsOfDirectory(atPath: small) == ["a"])
    }

    @Test func aPortInUseIsSaidAndLeavesNoRun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let (coordinator, output, _) = try runner.start(["coordinator", "--data", data, "--name", "a"])
        defer { coordinator.terminate() }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let address = String(line.split(separator: "\n").first!.split(separator: " ").last!)
        let result = try runner.run("coordinator", "--data", data, "--name", "b", "--listen", address)
        #expect(result.code == 69)
        #expect(result.errors.contains("port is in use"))
        #expect(!FileManager.default.fileExists(atPath: runner.path("runs/b")))
    }

    @Test func nobodyJoiningIsSaidWithTheCommandToStartOne() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let result = try runner.run("coordinator", "--data", data, "--join-timeout", "1", "--name", "lonely")
        #expect(result.code == 75)
        #expect(result.errors.contains("2 of 2 workers did not join"))
        #expect(result.errors.contains("colonnade worker --coordinator 127.0.0.1:"))
    }

    @Test func aWorkerWithOtherDataIsRefusedWithBothFingerprints() throws {
        let runner = try CommandRunner()
        let (data, other) = (try runner.makeData(), try runner.makeData("other", seed: 2))
        let (coordinator, output, _) = try runner.start(["coordinator", "--data", data, "--name", "a"])
        defer { coordinator.terminate() }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let address = String(line.split(separator: "\n").first!.split(separator: " ").last!)
        let result = try runner.run("worker", "--coordinator", address, "--data", other)
        #expect(result.code == 69)
        for path in [data, other] {
            struct Manifest: Decodable { let fingerprint: String }
            let text = try runner.run("data", "describe", path, "--json").output
            let fingerprint = try JSONDecoder().decode(Manifest.self, from: Data(text.utf8)).fingerprint
            #expect(result.errors.contains(fingerprint))
        }
    }

    @Test func anInterruptCheckpointsAndLeavesNoProcess() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let (train, output, _) = try runner.start([
            "train", "--preset", "cifar10", "--data", data, "--steps", "100000", "--set", "batch=16", "--set",
             "optimizer.learning_rate=0.001", "--name", "a",
        ])
        var text = ""
        while !text.contains("step 1/") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { break }
            text += String(decoding: more, as: UTF8.self)
        }
        train.interrupt()
        _ = output.fileHandleForReading.readDataToEndOfFile()
        train.waitUntilExit()
        #expect(train.terminationStatus == 0)
        let run = RunDirectory(runner.path("runs/a"))
        let record = try run.record()
        #expect(record.state == .interrupted)
        let last = try #require(run.metrics().map(\.step).max())
        #expect(run.checkpoints().last?.step == last)
        for process in record.processes { #expect(kill(pid_t(process.process), 0) != 0, "\(process.role) still runs") }
    }
}
