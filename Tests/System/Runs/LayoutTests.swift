import Foundation
import NeuralNetwork
import RunLog
import TestSupport
import Testing

/// Every layout computes the same bits.
@Suite(.serialized) struct LayoutTests {
    private let steps = 20

    private func train(
        _ runner: CommandRunner, _ name: String, _ data: String, _ extra: [String], steps: Int = 20
    ) throws -> [String] {
        let preset = extra.contains("--preset") ? [] : ["--preset", "cifar10"]
        let result = try runner.run(
            [
                "train", "--data", data, "--steps", "\(steps)", "--name", name, "--set", "batch=16",
                "optimizer.learning_rate=0.001", "augmentation.color=on",
            ] + preset + extra)
        #expect(result.code == 0, "\(result.errors)")
        let digests = runner.runDirectory(name).digests
        #expect(digests.count == steps)
        #expect(Set(digests).count == steps)
        return digests
    }

    @Test func twoColumnsOnAnyProcessesGiveTheSameBits() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let one = try train(runner, "one", data, ["--workers", "1"])
        #expect(try train(runner, "two", data, ["--workers", "2"]) == one)
        #expect(try train(runner, "store", data, ["--workers", "2", "--store", "process"]) == one)
        #expect(try train(runner, "seed", data, ["--workers", "2", "--set", "seed=2"]) != one)
    }

    /// Like the store of a coordinator whose host has no worker.
    @Test func aStoreThatKeepsNoColumnChangesNothing() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let one = try train(runner, "one", data, ["--workers", "1"])
        let run = try RunByHand(
            runner, "spare",
            [
                "--preset", "cifar10", "--data", data, "--steps", "\(steps)", "--store", "process", "--stores", "2", "--set", "batch=16",
                "optimizer.learning_rate=0.001", "augmentation.color=on",
            ])
        for role in ["store", "store", "worker", "worker"] { try run.start(role) }
        #expect(try run.end() == 0)
        #expect(run.directory.digests == one)
    }

    /// Activations are rounded before they are exchanged, and parts are summed in 32 bits.
    @Test func sixteenBitFloatsGiveTheSameBitsInEveryLayout() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--set", "precision=bf16"]
        let probe = try runner.run([
            "train", "--preset", "cifar10", "--data", data, "--steps", "1", "--name", "probe", "--set", "batch=16", "precision=bf16",
        ])
        guard !probe.errors.contains("no kernels for 16-bit floats") else { return print("skipped: this processor has no 16-bit kernels") }
        let one = try train(runner, "one", data, options + ["--workers", "1"])
        #expect(try train(runner, "two", data, options + ["--workers", "2"]) == one)
        #expect(try train(runner, "store", data, options + ["--workers", "2", "--store", "process"]) == one)
        #expect(try train(runner, "fp32", data, ["--workers", "2"]) != one)
        let four = try train(runner, "four1", data, options + ["--columns", "4", "--workers", "1"])
        #expect(try train(runner, "four3", data, options + ["--columns", "4", "--workers", "3"]) == four)
        let part = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "8", "--set", "batch=16", "optimizer.learning_rate=0.001",
            "augmentation.color=on", "precision=bf16", "--name", "parts")
        #expect(part.code == 0, "\(part.errors)")
        #expect(try runner.run("train", "--resume", "runs/parts", "--steps", "\(steps)").code == 0)
        #expect(runner.runDirectory("parts").digests == one)
    }

    /// Values that are exchanged in 16 bits are rounded between the columns of one process as between processes. So is every sum of
    /// slices' gradients that a replica may push.
    @Test(arguments: ["exchange.activations=bf16", "exchange.gradients=bf16"]) func roundedExchangesGiveTheSameBitsInEveryLayout(
        setting: String
    ) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--set", setting]
        let one = try train(runner, "one", data, options + ["--workers", "1"])
        #expect(try train(runner, "two", data, options + ["--workers", "2"]) == one)
        #expect(try train(runner, "plain", data, ["--workers", "2"]) != one)
        let four = try train(runner, "four1", data, options + ["--columns", "4", "--workers", "1"])
        #expect(try train(runner, "four3", data, options + ["--columns", "4", "--workers", "3"]) == four)
        let slices = options + ["--set", "slices=4"]
        let sliced = try train(runner, "slices1", data, slices + ["--workers", "1"])
        for (workers, replicas) in [(2, 1), (2, 2), (4, 2), (4, 4)] {
            let layout = ["--workers", "\(workers)", "--replicas", "\(replicas)"]
            #expect(try train(runner, "slices\(workers)\(replicas)", data, slices + layout) == sliced)
        }
        let refused = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--set", setting.replacingOccurrences(of: "bf16", with: "fp8"))
        #expect(refused.code != 0 && refused.errors.contains("fp8 is not one of fp32, bf16"), "\(refused.errors)")
    }

    /// The other networks of the paper.
    @Test(arguments: ["cifar10-four-layer", "cifar10-four-layer-plain", "cifar10-four-layer-tanh"])
    func fourLayerNetworksGiveTheSameBits(preset: String) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--preset", preset, "--columns", "2"]
        let one = try train(runner, "one", data, options + ["--workers", "1"])
        #expect(try train(runner, "two", data, options + ["--workers", "2"]) == one)
    }

    @Test func theNetworkWithSixConvolutionsGivesTheSameBits() throws {
        let runner = try CommandRunner()
        let data = try runner.makePhotographs()
        let options = ["--preset", "alexnet-six-conv", "--set", "batch=4", "--set", "checkpoint.every=0"]
        let one = try train(runner, "one", data, options + ["--workers", "1"], steps: 3)
        #expect(try train(runner, "two", data, options + ["--workers", "2"], steps: 3) == one)
    }

    @Test func fourColumnsOnOneToFourWorkersGiveTheSameBits() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let one = try train(runner, "w1", data, ["--columns", "4", "--workers", "1"])
        for workers in 2...4 {
            #expect(try train(runner, "w\(workers)", data, ["--columns", "4", "--workers", "\(workers)"]) == one)
        }
    }

    /// Replicas share a step's slices, and gradients are summed in the tree of the slices. Dropout, colours and validations are the
    /// same too.
    @Test func replicasGiveTheSameBits() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--set", "slices=4", "--set", "dropout=0.25", "--set", "validation.every=5"]
        let one = try train(runner, "one", data, options + ["--workers", "1"])
        let validations = runner.runDirectory("one").validations
        #expect(validations.count == 4)
        for (workers, replicas, store) in [(2, 1, "embedded"), (2, 2, "embedded"), (4, 2, "process"), (4, 4, "embedded")] {
            let name = "w\(workers)r\(replicas)"
            let layout = ["--workers", "\(workers)", "--replicas", "\(replicas)", "--store", store]
            #expect(try train(runner, name, data, options + layout) == one, "\(name)")
            #expect(runner.runDirectory(name).validations == validations, "\(name)")
        }
        // The number of slices changes the bits.
        #expect(try train(runner, "whole", data, ["--workers", "1", "--set", "dropout=0.25", "--set", "validation.every=5"]) != one)
    }

    /// Six slices in three replicas: the second replica has no whole node of the tree.
    @Test func aCheckpointOfOneLayoutResumesOnAnyOther() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let common = ["--preset", "cifar10", "--data", data, "--set", "batch=18", "slices=6", "optimizer.learning_rate=0.001"]
        let whole = try runner.run(["train", "--workers", "1", "--steps", "12", "--name", "whole"] + common)
        #expect(whole.code == 0, "\(whole.errors)")
        let first = try runner.run(["train", "--replicas", "3", "--steps", "4", "--name", "parts"] + common)
        #expect(first.code == 0, "\(first.errors)")
        for (steps, layout) in [
            ("6", ["--workers", "2", "--replicas", "2"]), ("8", []), ("10", ["--workers", "1"]),
            ("12", ["--workers", "6", "--replicas", "6"]),
        ] {
            let next = try runner.run(["train", "--resume", "runs/parts", "--steps", steps] + layout)
            #expect(next.code == 0, "\(next.errors)")
        }
        #expect(runner.runDirectory("parts").digests == runner.runDirectory("whole").digests)
        let refused = try runner.run(["train", "--resume", "runs/parts", "--steps", "20", "--workers", "4", "--replicas", "4"])
        #expect(refused.code != 0 && refused.errors.contains("4 replicas cannot share 6 slices"), "\(refused.errors)")
    }

    @Test func aResumedRunGivesTheSameBits() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let whole = try train(runner, "whole", data, [])
        let first = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "8", "--set", "batch=16", "--set",
            "optimizer.learning_rate=0.001", "--set",
            "augmentation.color=on", "--name", "parts")
        #expect(first.code == 0, "\(first.errors)")
        let second = try runner.run("train", "--resume", "runs/parts", "--steps", "\(steps)", "--workers", "1")
        #expect(second.code == 0, "\(second.errors)")
        #expect(runner.runDirectory("parts").digests == whole)
    }

    @Test func rolesThatAreStartedByHandGiveTheSameBits() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let whole = try train(runner, "whole", data, [])
        let coordinator = try runner.start([
            "coordinator", "--preset", "cifar10", "--data", data, "--steps", "\(steps)", "--set", "batch=16", "--set",
            "optimizer.learning_rate=0.001", "--set",
            "augmentation.color=on", "--name", "hand",
        ])
        let address = try #require(coordinator.wait(forOutput: "listens on").split(separator: "\n").first?.split(separator: " ").last)
        // One worker reads the data set at the coordinator's path. The other fetches it, like a host without it.
        let workers = try [[], ["--fetch-data", "--data-cache", "cache"]].map {
            try runner.start(["worker", "--coordinator", String(address)] + $0)
        }
        for process in [coordinator] + workers {
            try process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        #expect(runner.runDirectory("hand").digests == whole)
        let cached = try FileManager.default.contentsOfDirectory(atPath: runner.path("cache"))
            .filter { !$0.hasSuffix(".lock") }
        #expect(cached.count == 1 && cached[0].count == 16)
        #expect(try runner.run("data", "verify", "cache/\(cached[0])").code == 0)
        #expect(runner.runDirectory("hand").eventsText.contains("fetches the data set"))
    }
}
