import Foundation
import Glibc
import NeuralNetwork
import RunLog
import Tensors
import TestSupport
import Testing

/// Commands that fail say why in one sentence, and leave nothing that is half done.
@Suite(.serialized) struct RefusalTests {
    @Test func invalidInputGetsOneSentenceAndCreatesNoRun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        for (arguments, code, words) in [
            (["train", "--preset", "cifr10", "--data", data], 78, ["did you mean cifar10?"]),
            (["train", "--data", data, "--set", "optimizer.lerning_rate=1"], 78, ["did you mean learning_rate?"]),
            (["train", "--data", data, "--columns", "7"], 78, ["conv1", "7 columns", "set columns to"]),
            (["train", "--data", data, "--workers", "3"], 78, ["3 workers", "2 columns"]),
            (["train", "--data", data, "--set", "batch=0"], 78, ["batch"]),
            (["train", "--data", data, "--set", "batch=many"], 78, ["batch"]),
            (["train", "--data", "nowhere"], 65, ["nowhere", "data import"]),
            (["train"], 64, ["--data"]),
            (["train", "--data", data, "--steps", "0"], 64, ["--steps"]),
            (["train", "--data", data, "--join-timeout=-1e400"], 64, ["--join-timeout", "seconds"]),
            (["train", "--data", data, "--patience=nan"], 64, ["--patience", "seconds"]),
            (["train", "--data", data, "--norms-every=-1"], 64, ["--norms-every"]),
            // `train` checks these too. Otherwise only the coordinator would find them, and be started again and again.
            (["train", "--data", data, "--metrics-listen", "here"], 64, ["\"here\"", "HOST:PORT"]),
            (["train", "--data", data, "--metrics-listen", "0.0.0.0:0"], 64, ["--metrics-token-file"]),
            (["worker", "--coordinator", "there"], 64, ["\"there\"", "HOST:PORT"]),
            (["train", "--resume", "nothing"], 66, ["nothing", "runs list"]),
            (["train", "--preset", "alexnet", "--data", data], 65, ["224", "32"]),
            (["coordinator", "--data", data, "--listen", "0.0.0.0:0"], 64, ["--insecure"]),
            (["evaluate", "--checkpoint", "none", "--data", data], 78, ["none", "not a checkpoint"]),
        ] as [([String], Int32, [String])] {
            let result = try runner.run(arguments)
            #expect(result.code == code, "\(arguments): \(result.code) \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(arguments): \(result.errors)") }
            #expect(result.errors.split(separator: "\n").count == 1, "\(arguments): \(result.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: runner.path("runs")))
    }

    /// A process with faults that cannot be read would otherwise run without them.
    @Test func unusableFaultsEndTheProcess() throws {
        let runner = try CommandRunner()
        for faults in [
            "", "[{}]", #"[{"process":"worker-0","kind":"burn","frame":"push","number":1,"attempt":0}]"#,
            #"[{"process":"worker-0","kind":"drop","frame":"slabs","number":1,"attempt":0}]"#,
        ] {
            let result = try runner.run(
                ["bench", "links", "--size", "1", "--count", "1", "--rounds", "1"], environment: ["COLONNADE_FAULTS": faults])
            #expect(result.code == 64, "\(faults): \(result.code)")
            #expect(result.errors.contains("COLONNADE_FAULTS"), "\(faults): \(result.errors)")
        }
    }

    @Test(.enabled(if: Sanitizer.isAbsent, "a sanitizer reserves more address space than the limit"))
    func aTensorThatDoesNotFitIntoMemoryIsReportedWithItsSize() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        // The images fit into the memory, the activations do not.
        let limited = try runner.run(
            [
                "train", "--preset", "cifar10", "--data", data, "--steps", "2", "--name", "large", "--set", "batch=65536",
                "optimizer.learning_rate=0.001",
            ],
            under: ["/bin/bash", "-c", "ulimit -v 4000000; exec \"$0\" \"$@\""])
        #expect(!limited.isEndedBySignal && limited.code == 75, "\(limited.errors)")
        #expect(limited.errors.contains("bytes of memory") && limited.errors.contains("smaller batch"), "\(limited.errors)")
        #expect(try runner.runDirectory("large").record().state == .failed)
    }

    @Test func aDamagedCheckpointIsRefused() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "2", "--set", "batch=16", "--set",
            "optimizer.learning_rate=0.001", "--name", "a")
        // Both checkpoints, of steps 0 and 2, because the run would continue from a whole one.
        for checkpoint in runner.runDirectory("a").checkpoints() {
            let path = checkpoint.path + "/model.safetensors"
            var bytes = FileManager.default.contents(atPath: path)!
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        let result = try runner.run("train", "--resume", "runs/a", "--steps", "4")
        #expect(result.code == 78)
        #expect(result.errors.contains("damaged"))
    }

    /// On a file system of five megabytes, which only root can make.
    @Test(.enabled(if: getuid() == 0, "only root can mount a small file system"))
    func aFullDiskIsReportedAndLeavesNoPartialFiles() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData(images: 3000)
        let small = runner.path("small")
        try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
        guard try Program.run(["/bin/mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", small]).code == 0 else {
            return print("skipped: this machine lets nobody mount")
        }
        defer { _ = try? Program.run(["/bin/umount", small]) }
        let result = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "9", "--set", "batch=16", "--set",
            "optimizer.learning_rate=0.001", "--set", "checkpoint.every=2", "--runs", small, "--name", "a")
        #expect(result.code == 74)
        #expect(result.errors.contains("No space left on device"), "\(result.errors)")
        let run = RunDirectory(small + "/a")
        let names = try FileManager.default.contentsOfDirectory(atPath: run.checkpointsPath)
        #expect(!names.isEmpty && names.allSatisfy { $0.hasPrefix("step-") })
        for checkpoint in run.checkpoints() { _ = try Checkpoint(path: checkpoint.path) }

        let imported = try runner.run("data", "import", "--format", "cifar10", runner.path("data-source"), small + "/d")
        #expect(imported.code == 74)
        #expect(try FileManager.default.contentsOfDirectory(atPath: small) == ["a"])
    }

    @Test func aPortInUseIsReportedAndCreatesNoRun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let address = try runner.startListening(["coordinator", "--data", data, "--name", "a"]).address
        let result = try runner.run("coordinator", "--data", data, "--name", "b", "--listen", address)
        #expect(result.code == 69)
        #expect(result.errors.contains("port is in use"))
        #expect(!FileManager.default.fileExists(atPath: runner.path("runs/b")))
    }

    @Test func missingWorkersAreReportedWithTheCommandThatStartsOne() throws {
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
        let address = try runner.startListening(["coordinator", "--data", data, "--name", "a"]).address
        let result = try runner.run("worker", "--coordinator", address, "--data", other)
        #expect(result.code == 77)
        for path in [data, other] {
            struct Manifest: Decodable { let fingerprint: String }
            let text = try runner.run("data", "describe", path, "--json").output
            let fingerprint = try JSONDecoder().decode(Manifest.self, from: Data(text.utf8)).fingerprint
            #expect(result.errors.contains(fingerprint))
        }
    }
}
