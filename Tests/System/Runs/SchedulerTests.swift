import Foundation
import Glibc
import RunLog
import TestSupport
import Testing

/// Schedulers rely on exit codes, and on repeating the same command.
@Suite(.serialized) struct SchedulerTests {
    private static let settings = [
        "--preset", "cifar10", "--steps", "150", "--workers", "2", "--set", "batch=16", "optimizer.learning_rate=0.001",
        "validation.every=0", "checkpoint.every=20",
    ]

    /// Starts a coordinator and two workers.
    private func start(_ runner: CommandRunner, _ coordinator: [String], worker: [String] = []) throws -> RunByHand {
        let run = try RunByHand(runner, "a", coordinator)
        for _ in 0..<2 { try run.start("worker", worker) }
        return run
    }

    @Test func aStoppedRunHasItsOwnExitCodeAndTheSameCommandContinuesIt() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(["train", "--data", data, "--name", "whole"] + Self.settings).code == 0)
        let options = ["--data", data, "--resume-if-begun", "--stopped-exit-code", "80"] + Self.settings
        let run = try start(runner, options, worker: ["--stopped-exit-code", "81"])
        try run.train(30)
        run.coordinator.terminate()
        #expect(try run.end() == 80)
        #expect(run.peers.map(\.terminationStatus) == [81, 81])
        #expect(try run.directory.record().state == .interrupted)

        let again = try start(runner, options)
        #expect(try again.end() == 0)
        #expect(again.peers.map(\.terminationStatus) == [0, 0])
        #expect(run.directory.digests == runner.runDirectory("whole").digests)
        let command = ["--name", "a"] + options
        let finished = try runner.run(["coordinator"] + command)
        #expect(finished.code == 0 && finished.output.contains("runs/a is finished"), "\(finished.output)\(finished.errors)")
        // `train` continues it too, and more steps extend it.
        let longer = command.map { $0 == "150" ? "160" : $0 }
        #expect(try runner.run(["train"] + longer).code == 0)
        #expect(run.directory.steps.count == 160)
        let nameless = try runner.run("coordinator", "--data", data, "--resume-if-begun")
        #expect(nameless.code == 64 && nameless.errors.contains("--name"))
    }

    @Test func workersOfAFailedRunHaveTheirOwnExitCode() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try start(
            runner,
            [
                "--data", data, "--preset", "cifar10", "--steps", "50", "--set", "batch=16", "optimizer.learning_rate=1e30",
                "checkpoint.every=0",
            ])
        #expect(try run.end() == 75)
        #expect(run.peers.map(\.terminationStatus) == [79, 79])
    }

    @Test func aWorkerWithoutACoordinatorGivesUpAfterItsPatience() throws {
        let result = try CommandRunner().run("worker", "--coordinator", "127.0.0.1:1", "--coordinator-patience", "0.1")
        #expect(result.code == 69 && result.errors.contains("Connection refused"), "\(result.errors)")
    }

    /// A name for 127.0.0.1 that does not look like it, as Debian gives hosts.
    @Test func aCoordinatorDoesNotListenAtANameOfLoopback() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let result = try runner.run("coordinator", "--data", data, "--insecure", "--listen", "2130706433:0", "--name", "a")
        #expect(result.code == 69)
        #expect(result.errors.contains("stands for 127.0.0.1 here"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: runner.path("runs/a")))
    }

    /// In its own process namespace, like the command of a container.
    @Test func aWorkerThatIsTheFirstProcessEndsOnATerminationSignal() throws {
        let runner = try CommandRunner()
        guard let isolated = try runner.startIsolatedWorker("127.0.0.1:1") else {
            return print("skipped: this system allows no process namespaces")
        }
        let outside = isolated.outside
        // The signal is repeated until the worker handles signals.
        try Deadline.wait(for: "the end of the worker", within: 15, every: 10_000) {
            if outside.isRunning { kill(isolated.worker, SIGTERM) }
            return !outside.isRunning
        }
        try outside.waitUntilExit()
        #expect(outside.terminationStatus == 128 + SIGTERM)
    }
}
