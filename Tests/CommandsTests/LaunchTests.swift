import Foundation
import Glibc
import RunLog
import Testing

/// Runs over ssh, with a daemon of the test's own; skipped where there is none.
@Suite(.serialized) struct LaunchTests {
    private static let settings = [
        "--preset", "cifar10", "--steps", "120", "--set", "batch=16", "optimizer.learning_rate=0.001", "validation.every=0", "checkpoint.every=20",
    ]

    private struct Place {
        let runner: CommandRunner
        let server: SSHServer
        let data: String

        init?() throws {
            runner = try CommandRunner()
            guard let server = SSHServer(in: runner.directory) else {
                print("skipped: no ssh daemon can be started here")
                return nil
            }
            self.server = server
            data = try runner.makeData()
            try write(server.hosts(data: data))
        }

        func write(_ hosts: String) throws { try Data(hosts.utf8).write(to: URL(fileURLWithPath: runner.path("hosts.yaml"))) }

        func digests(_ name: String) throws -> [String] {
            try RunDirectory(runner.path("runs/\(name)")).metrics().compactMap { if case .step(let step) = $0 { step.digest } else { nil } }
        }

        /// What this test's hosts run, by command line.
        var running: [[String]] {
            let all = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
            return all.filter { process in
                let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")
                return place == runner.directory && RunProcesses.commandLine(process).first == CommandRunner.executable
            }.map(RunProcesses.commandLine)
        }

        /// What they still run after half a minute, or once it is nothing.
        var left: [[String]] {
            for _ in 0..<300 where !running.isEmpty { usleep(100_000) }
            return running
        }

        /// Starts in the background; output is not kept.
        func start(_ arguments: [String]) throws -> Process {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: CommandRunner.executable)
            process.arguments = ["launch", "--hosts", runner.path("hosts.yaml")] + arguments
            process.currentDirectoryURL = URL(fileURLWithPath: "/")
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            return process
        }

        func reach(_ name: String, _ step: Int, _ process: Process) {
            while process.isRunning, ((try? digests(name).count) ?? 0) < step { usleep(5_000) }
        }
    }

    @Test func twoHostsGiveTheBitsOfOneAndALostWorkerCostsNone() throws {
        guard let place = try Place() else { return }
        #expect(try place.runner.run(["train", "--data", place.data, "--threads", "1", "--name", "whole"] + Self.settings).code == 0)
        // The file is of this machine, and goes to the coordinator's host.
        try Data("preset: cifar10\n".utf8).write(to: URL(fileURLWithPath: place.runner.path("settings.yaml")))
        let launched = try place.runner.run(
            ["launch", "--hosts", "hosts.yaml", "--name", "two", "--config", "settings.yaml"] + Self.settings.dropFirst(2))
        #expect(launched.code == 0, "\(launched.output)\(launched.errors)")
        #expect(launched.output.contains("the run is on a, in \(place.runner.path("runs/two"))"))
        for process in ["a coordinator", "a worker", "b worker"] { #expect(launched.output.contains(process)) }
        #expect(try place.digests("two") == place.digests("whole") && place.digests("two").count == 120)
        #expect(place.left == [])

        let process = try place.start(["--name", "killed"] + Self.settings)
        place.reach("killed", 30, process)
        // The slowest of the connections that the file states, for the run's prediction.
        let words = try #require(place.running.first { $0.contains("coordinator") })
        for (option, value) in [("--bandwidth", "1Gbit/s"), ("--latency", "10us")] {
            #expect(words.firstIndex(of: option).map { words[$0 + 1] } == value, "\(words)")
        }
        let record = try RunDirectory(place.runner.path("runs/killed")).record()
        let worker = try #require(record.processes.last { $0.role == "worker" })
        // The certificates are the run's own, and private.
        let ofWorker = RunProcesses.commandLine(Int32(worker.process))
        let certificates = try #require(ofWorker.firstIndex(of: "--certificates").map { ofWorker[$0 + 1] })
        let mode = try FileManager.default.attributesOfItem(atPath: certificates + "/worker.key")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(!FileManager.default.fileExists(atPath: certificates + "/authority.key"))
        #expect(kill(pid_t(worker.process), SIGKILL) == 0)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try place.digests("killed") == place.digests("whole"))
        #expect(place.left == [])
        #expect(!FileManager.default.fileExists(atPath: certificates))
    }

    /// Whether it is asked to stop or killed, its hosts end everything with a checkpoint, and the run goes on from there.
    @Test(arguments: [SIGINT, SIGKILL]) func whatIsLaunchedEndsWithTheCommand(signal: Int32) throws {
        guard let place = try Place() else { return }
        #expect(try place.runner.run(["train", "--data", place.data, "--threads", "1", "--name", "whole"] + Self.settings).code == 0)
        let process = try place.start(["--name", "ended"] + Self.settings)
        place.reach("ended", 30, process)
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        if signal == SIGINT { #expect(process.terminationStatus == 0) }
        #expect(place.left == [])
        #expect(try RunDirectory(place.runner.path("runs/ended")).record().state == .interrupted)
        #expect(try place.digests("ended").count < 120)
        let resumed = try place.runner.run("launch", "--hosts", "hosts.yaml", "--resume", "runs/ended")
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(try place.digests("ended") == place.digests("whole"))
    }

    @Test func theFirstFailureIsNamed() throws {
        guard let place = try Place() else { return }
        func launch(_ second: String) throws -> CommandRunner.Result {
            try place.write(place.server.hosts(data: place.data, second: second))
            return try place.runner.run(["launch", "--hosts", "hosts.yaml", "--name", "none"] + Self.settings)
        }
        // A port on which nobody listens.
        let unreachable = try launch(", ssh_port: 1")
        #expect(unreachable.code == 69)
        #expect(unreachable.errors.contains("b cannot be reached over ssh"))
        #expect(unreachable.errors.contains("Connection refused; see that sshd runs there"))
        let missing = try launch(", program: /nowhere/colonnade")
        #expect(missing.errors.contains("b has no program /nowhere/colonnade"))
        let old = place.runner.path("old")
        let hello = #"colonnade-host {"hello":{"_0":{"version":"0.0.9","hostName":"b","processor":"p","instructionSet":"i","kernelLibrary":"l","directory":"/"}}}"#
        try Data("#!/bin/sh\necho '\(hello)'\ncat >/dev/null\n".utf8).write(to: URL(fileURLWithPath: old))
        chmod(old, 0o755)
        let other = try launch(", program: \(old)")
        #expect(other.code == 78)
        #expect(other.errors.contains("b has colonnade 0.0.9, this machine"))
        #expect(!FileManager.default.fileExists(atPath: place.runner.path("runs/none")))
        // Something that only a worker finds.
        let data = try launch(", data: \(place.runner.path("nowhere"))")
        #expect(data.code == 65)
        #expect(data.errors.contains("worker 1 on b ended with exit code 65"))
        #expect(place.left == [])
    }
}
