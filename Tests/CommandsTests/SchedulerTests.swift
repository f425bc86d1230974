import Foundation
import Glibc
import RunLog
import Testing
import Wire

/// What schedulers rely on: exit codes, and the same command again.
@Suite(.serialized) struct SchedulerTests {
    private static let settings = ["--preset", "cifar10", "--steps", "150", "--workers", "2", "--set", "batch=16", "optimizer.learning_rate=0.001",
        "validation.every=0", "checkpoint.every=20"]

    private func digests(_ runner: CommandRunner, _ name: String) throws -> [String] {
        try RunDirectory(runner.path("runs/\(name)")).metrics().compactMap { if case .step(let step) = $0 { step.digest } else { nil } }
    }

    /// Starts a coordinator and two workers.
    private func start(_ runner: CommandRunner, _ coordinator: [String], worker: [String] = []) throws -> (Process, [Process]) {
        let address = runner.path("address-\(UUID())")
        let (process, _, _) = try runner.start(["coordinator", "--address-file", address] + coordinator)
        while process.isRunning, !FileManager.default.fileExists(atPath: address) { usleep(5_000) }
        guard let data = FileManager.default.contents(atPath: address) else { return (process, []) }
        let place = String(decoding: data, as: UTF8.self)
        return (process, try (0..<2).map { _ in try runner.start(["worker", "--coordinator", place] + worker).0 })
    }

    @Test func aRunThatIsStoppedIsToldApartAndTheSameCommandContinuesIt() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(["train", "--data", data, "--name", "whole"] + Self.settings).code == 0)
        let command = ["--data", data, "--name", "a", "--resume-if-begun", "--stopped-exit-code", "80"] + Self.settings
        let (coordinator, workers) = try start(runner, command, worker: ["--stopped-exit-code", "81"])
        while coordinator.isRunning, ((try? digests(runner, "a").count) ?? 0) < 30 { usleep(2_000) }
        coordinator.terminate()
        for process in [coordinator] + workers { process.waitUntilExit() }
        #expect(coordinator.terminationStatus == 80)
        #expect(workers.map(\.terminationStatus) == [81, 81])
        #expect(try RunDirectory(runner.path("runs/a")).record().state == .interrupted)

        let (again, others) = try start(runner, command)
        for process in [again] + others { process.waitUntilExit() }
        #expect(([again] + others).map(\.terminationStatus) == [0, 0, 0])
        #expect(try digests(runner, "a") == digests(runner, "whole"))
        let finished = try runner.run(["coordinator"] + command)
        #expect(finished.code == 0 && finished.output.contains("runs/a is finished"), "\(finished.output)\(finished.errors)")
        // `train` takes it up likewise, and more steps extend it.
        let longer = command.map { $0 == "150" ? "160" : $0 }
        #expect(try runner.run(["train"] + longer).code == 0)
        #expect(try digests(runner, "a").count == 160)
        let nameless = try runner.run("coordinator", "--data", data, "--resume-if-begun")
        #expect(nameless.code == 64 && nameless.errors.contains("--name"))
    }

    @Test func aWorkerOfARunThatFailedForGoodSaysSo() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let (coordinator, workers) = try start(
            runner, ["--data", data, "--name", "a", "--preset", "cifar10", "--steps", "50", "--set", "batch=16", "optimizer.learning_rate=1e30", "checkpoint.every=0"])
        for process in [coordinator] + workers { process.waitUntilExit() }
        #expect(coordinator.terminationStatus == 75)
        #expect(workers.map(\.terminationStatus) == [79, 79])
    }

    @Test func aWorkerWithoutACoordinatorGivesUpWhenItIsTold() throws {
        let result = try CommandRunner().run("worker", "--coordinator", "127.0.0.1:1", "--coordinator-patience", "0.1")
        #expect(result.code == 69 && result.errors.contains("Connection refused"), "\(result.errors)")
    }

    /// 127.0.0.1 under a name that does not show it, as Debian's own names do not.
    @Test func aNameThatStandsForLoopbackIsNotListenedOn() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let result = try runner.run("coordinator", "--data", data, "--insecure", "--listen", "2130706433:0", "--name", "a")
        #expect(result.code == 69)
        #expect(result.errors.contains("stands for 127.0.0.1 here"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: runner.path("runs/a")))
    }

    /// In a process namespace of its own, as a container's command is.
    @Test func aWorkerThatIsTheFirstProcessEndsWhenItIsTold() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "--pid", "--fork", "--kill-child", CommandRunner.executable, "worker", "--coordinator", "127.0.0.1:1"]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        func worker() -> Int32? { RunProcesses.children(of: process.processIdentifier).first { $0.role == "worker" }?.process }
        var found = worker()
        while found == nil, process.isRunning {
            usleep(10_000)
            found = worker()
        }
        guard let found else { return print("skipped: this system allows no process namespaces") }
        // It is told again until it listens.
        for _ in 0..<1500 where process.isRunning {
            kill(found, SIGTERM)
            usleep(10_000)
        }
        #expect(!process.isRunning)
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        #expect(process.terminationStatus == 128 + SIGTERM)
    }
}
