import Foundation
import Glibc
import NeuralNetwork
import RunLog
import TestSupport
import Testing

/// Runs whose disk is full, too small, or becomes read-only. Only root can make such disks.
@Suite(.serialized, .enabled(if: getuid() == 0, "only root can mount a small file system")) struct DiskTests {
    private static let steps = 200
    private static let lastLine = "step \(steps)/\(steps)"

    private func options(_ data: String, _ settings: String...) -> [String] {
        [
            "train", "--preset", "cifar10", "--data", data, "--steps", "\(Self.steps)", "--set", "batch=16",
            "optimizer.learning_rate=0.001",
            "validation.every=0",
        ] + settings
    }

    /// The run's digests on a disk that takes everything.
    private func undisturbed(_ runner: CommandRunner, _ data: String) throws -> [String] {
        let result = try runner.run(options(data, "checkpoint.every=0") + ["--name", "whole"])
        #expect(result.code == 0, "\(result.errors)")
        let digests = runner.runDirectory("whole").digests
        #expect(digests.count == Self.steps)
        return digests
    }

    /// Training continues while nothing can be written, and everything is written when there is room again.
    @Test func aDiskThatIsFullForAWhileCostsNothing() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let whole = try undisturbed(runner, data)
        guard let disk = try SmallDisk(kilobytes: 20_000) else { return print("skipped: this machine lets nobody mount") }
        defer { disk.unmount() }
        let process = try runner.start(options(data, "checkpoint.every=0") + ["--runs", disk.path, "--name", "a"])
        defer { process.end() }
        let run = RunDirectory(disk.path + "/a")
        try process.wait(for: "step 20") { run.steps.count >= 20 }
        try disk.fill()
        let output = try process.wait(forOutput: Self.lastLine)
        #expect(output.contains("the run's disk is full (No space left on device)"), "\(output)")
        #expect(run.steps.count < Self.steps)
        try disk.free()
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(process.errors)")
        #expect(run.digests == whole)
        #expect(run.steps.map(\.step) == Array(1...Self.steps))
        #expect(try run.record().state == .finished)
        #expect(run.events("log-waiting").count == 1 && run.events("log-written").count == 1 && !run.events("finished").isEmpty)
        #expect(run.events("log-written").first?.facts["dropped"] == "0")
        _ = try Checkpoint(path: run.checkpointPath(step: Self.steps))
    }

    @Test func aDiskThatIsFullUntilTheEndIsInTheExitCode() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let whole = try undisturbed(runner, data)
        guard let disk = try SmallDisk(kilobytes: 20_000) else { return print("skipped: this machine lets nobody mount") }
        defer { disk.unmount() }
        // The first checkpoint is of step 0.
        let process = try runner.start(options(data, "checkpoint.every=1000") + ["--runs", disk.path, "--name", "a"])
        defer { process.end() }
        let run = RunDirectory(disk.path + "/a")
        try process.wait(for: "step 20") { run.steps.count >= 20 && run.checkpoints().count == 1 }
        try disk.fill()
        try process.waitUntilExit()
        #expect(process.terminationStatus == 74 && process.output.contains(Self.lastLine), "\(process.errors)")
        for words in ["No space left on device", "the checkpoint of step \(Self.steps) cannot be written", "--resume", "metrics.jsonl"] {
            #expect(process.errors.contains(words), "\(words): \(process.errors)")
        }
        // What is there is whole.
        let found = run.steps.map(\.step)
        #expect(found == Array(1..<found.count + 1) && found.count >= 20)
        #expect(run.checkpoints().map(\.step) == [0])
        _ = try run.record()

        try disk.free()
        let resumed = try runner.run("train", "--resume", run.path)
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(run.digests == whole)
        #expect(try run.record().state == .finished)
    }

    /// The older checkpoint stays until a newer one is complete, and the next is tried later.
    @Test func aCheckpointThatDoesNotFitIsTriedAgain() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let whole = try undisturbed(runner, data)
        // Room for one checkpoint of some four megabytes.
        guard let disk = try SmallDisk(kilobytes: 7_000) else { return print("skipped: this machine lets nobody mount") }
        defer { disk.unmount() }
        let process = try runner.start(
            options(data, "checkpoint.every=20", "checkpoint.keep=1") + ["--runs", disk.path, "--name", "a"])
        defer { process.end() }
        let run = RunDirectory(disk.path + "/a")
        try process.wait(forOutput: "another is tried later")
        #expect(run.checkpoints().map(\.step) == [0])
        _ = try Checkpoint(path: run.checkpointPath(step: 0))
        try disk.resize(kilobytes: 50_000)
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(process.errors)")
        #expect(run.digests == whole)
        #expect(try FileManager.default.contentsOfDirectory(atPath: run.checkpointsPath) == ["step-00000200"])
        _ = try Checkpoint(path: run.checkpointPath(step: Self.steps))
        let failed = run.events("checkpoint-failed")
        #expect(failed.first?.facts["step"] == "20" && failed.first?.message.contains("No space left on device") == true, "\(failed)")
    }

    /// Writes that do not return hold up neither training nor heartbeats.
    @Test func aDiskThatDoesNotAnswerForAWhileCostsNothing() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let whole = try undisturbed(runner, data)
        guard let disk = try FailingDisk(image: runner.path("disk.image"), at: runner.path("disk")) else {
            return print("skipped: this machine mounts no ext4")
        }
        defer { disk.unmount() }
        let process = try runner.start(options(data, "checkpoint.every=0") + ["--runs", disk.path, "--name", "a"])
        defer { process.end() }
        let run = RunDirectory(disk.path + "/a")
        try process.wait(for: "step 20") { run.steps.count >= 20 }
        guard try disk.freeze() else { return print("skipped: this machine freezes no file system") }
        defer { disk.thaw() }
        try process.wait(forOutput: Self.lastLine)
        try process.wait(forOutput: "the run's disk does not answer")
        disk.thaw()
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(process.errors)")
        #expect(run.digests == whole)
        #expect(run.events("log-waiting").count == 1 && run.events("log-written").count == 1)
        #expect(run.events("verdict").isEmpty && run.events("lost").isEmpty && run.events("recovered").isEmpty)
    }

    /// As ext4 becomes after an error of its disk.
    @Test func aDiskThatBecomesReadOnlyDoesNotEndTheTraining() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        guard let disk = try FailingDisk(image: runner.path("disk.image"), at: runner.path("disk")) else {
            return print("skipped: this machine makes no ext4 that can be failed")
        }
        defer { disk.unmount() }
        let process = try runner.start(options(data, "checkpoint.every=1000") + ["--runs", disk.path, "--name", "a"])
        defer { process.end() }
        let run = RunDirectory(disk.path + "/a")
        try process.wait(for: "step 20") { run.steps.count >= 20 }
        try disk.fail()
        try process.waitUntilExit()
        #expect(process.terminationStatus == 74 && process.output.contains(Self.lastLine), "\(process.errors)")
        #expect(["Read-only file system", "Input/output error"].contains { process.errors.contains($0) }, "\(process.errors)")
        #expect(process.errors.contains("--resume"), "\(process.errors)")
    }
}
