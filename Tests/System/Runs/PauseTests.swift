import Foundation
import Glibc
import RunLog
import TestSupport
import Testing

/// Runs that lose a worker for good, without a spare.
@Suite(.serialized) struct PauseTests {
    private static let settings = [
        "--preset", "cifar10", "--steps", "150", "--workers", "2", "--set", "batch=16", "optimizer.learning_rate=0.001",
        "validation.every=0", "checkpoint.every=0",
    ]

    /// A run by hand, one of whose two workers is killed while it trains.
    private func pausedRun(_ runner: CommandRunner, _ options: [String]) throws -> RunByHand {
        let run = try RunByHand(runner, "a", options)
        for _ in 0..<2 { try run.start() }
        try run.train(25)
        run.peers[1].send(SIGKILL)
        try run.peers[1].waitUntilExit()
        // What would continue the run is said while it pauses.
        try run.wait(for: "smaller-layout", 1)
        let event = try #require(run.directory.events("smaller-layout").first)
        #expect(event.facts["workers"] == "1" && event.facts["replicas"] == "1")
        #expect(run.directory.eventsText.contains("colonnade runs resize a --workers 1 continues without it"))
        return run
    }

    @Test func aPauseThatLastsTooLongEndsWithACheckpoint() throws {
        let runner = try CommandRunner()
        let data = ["--data", try runner.makeData()]
        #expect(try runner.run(["train", "--name", "whole"] + data + Self.settings).code == 0)
        let run = try pausedRun(runner, data + Self.settings + ["--join-timeout", "30"])
        try Deadline.wait(for: "status.json") {
            let status = try? String(contentsOfFile: run.directory.path + "/status.json", encoding: .utf8)
            return status?.contains("runs resize a --workers 1") == true || !run.coordinator.isRunning
        }
        let committed = run.directory.steps.count
        #expect(try run.end() == 69)
        #expect(run.coordinator.errors.contains("1 of 2 workers did not join"), "\(run.coordinator.errors)")
        #expect(run.coordinator.errors.contains("Step \(committed) is in a checkpoint"), "\(run.coordinator.errors)")
        #expect(run.directory.checkpoints().map(\.step).last == committed)
        #expect(try runner.run("train", "--resume", "runs/a").code == 0)
        #expect(run.directory.digests == runner.runDirectory("whole").digests)
    }

    @Test func aRunContinuesWithoutAWorkerThatDoesNotComeBack() throws {
        let runner = try CommandRunner()
        let data = ["--data", try runner.makeData()]
        #expect(try runner.run(["train", "--name", "whole"] + data + Self.settings).code == 0)
        let run = try pausedRun(runner, data + Self.settings + ["--shrink-after", "6"])
        #expect(try run.end() == 0)
        #expect(run.directory.digests == runner.runDirectory("whole").digests)
        let change = try #require(run.directory.events("layout").first)
        #expect(change.facts["workers"] == "1" && change.message.contains("1 worker did not come back in 6 seconds"))
    }

    @Test func theNamedCommandContinuesTheRun() throws {
        let runner = try CommandRunner()
        let data = ["--data", try runner.makeData()]
        #expect(try runner.run(["train", "--name", "whole"] + data + Self.settings).code == 0)
        let run = try pausedRun(runner, data + Self.settings)
        let answer = try run.resize(1)
        #expect(answer.code == 0, "\(answer.errors)")
        #expect(try run.end() == 0)
        #expect(run.directory.digests == runner.runDirectory("whole").digests)
        #expect(run.directory.events("layout").map { $0.facts["workers"] } == ["1"])
    }
}
