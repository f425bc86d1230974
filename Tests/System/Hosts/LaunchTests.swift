import Foundation
import Glibc
import RunLog
import TestSupport
import Testing

/// Runs over ssh, with a daemon of the test. They are skipped if none can be started.
@Suite(.serialized) struct LaunchTests {
    private static let settings = [
        "--preset", "cifar10", "--steps", "120", "--set", "batch=16", "optimizer.learning_rate=0.001", "validation.every=0",
        "checkpoint.every=20",
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

        func write(_ hosts: String) throws { try runner.write(hosts, to: "hosts.yaml") }

        func digests(_ name: String) -> [String] { runner.runDirectory(name).digests }

        /// The command lines of the processes on this test's hosts.
        var running: [[String]] {
            let all = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
            return all.filter { process in
                let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")
                return place == runner.directory && RunProcesses.commandLine(process).first == CommandRunner.executable
            }.map(RunProcesses.commandLine)
        }

        /// The command lines of those that still run after half a minute.
        var left: [[String]] {
            try? Deadline.wait(for: "the end of all processes", within: 30, every: 100_000) { running.isEmpty }
            return running
        }

        /// Starts `launch` in another directory than that of the hosts.
        func start(_ arguments: [String]) throws -> StartedProcess {
            try runner.start(["launch", "--hosts", runner.path("hosts.yaml")] + arguments, in: "/")
        }

        /// Waits until a run has done so many steps or its process has ended.
        func wait(for name: String, step: Int, _ process: StartedProcess) throws {
            try process.wait(for: "step \(step)") { digests(name).count >= step }
        }
    }

    @Test func twoHostsGiveTheSameDigestsAsOneEvenIfAWorkerIsLost() throws {
        guard let place = try Place() else { return }
        #expect(try place.runner.run(["train", "--data", place.data, "--threads", "1", "--name", "whole"] + Self.settings).code == 0)
        // This machine's file is sent to the coordinator's host.
        try place.runner.write("preset: cifar10\n", to: "settings.yaml")
        let launched = try place.runner.run(
            ["launch", "--hosts", "hosts.yaml", "--name", "two", "--config", "settings.yaml"] + Self.settings.dropFirst(2))
        #expect(launched.code == 0, "\(launched.output)\(launched.errors)")
        #expect(launched.output.contains("the run is on a, in \(place.runner.path("runs/two"))"))
        for process in ["a coordinator", "a worker", "b worker"] { #expect(launched.output.contains(process)) }
        #expect(place.digests("two") == place.digests("whole") && place.digests("two").count == 120)
        #expect(place.left == [])

        let process = try place.start(["--name", "killed"] + Self.settings)
        try place.wait(for: "killed", step: 30, process)
        let record = try place.runner.runDirectory("killed").record()
        let worker = try #require(record.processes.last { $0.role == "worker" })
        // The certificates are made for this run, and private.
        let ofWorker = RunProcesses.commandLine(Int32(worker.process))
        let certificates = try #require(ofWorker.firstIndex(of: "--certificates").map { ofWorker[$0 + 1] })
        let mode = try FileManager.default.attributesOfItem(atPath: certificates + "/worker.key")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(!FileManager.default.fileExists(atPath: certificates + "/authority.key"))
        #expect(kill(pid_t(worker.process), SIGKILL) == 0)
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(place.digests("killed") == place.digests("whole"))
        #expect(place.left == [])
        #expect(!FileManager.default.fileExists(atPath: certificates))
    }

    /// The connection to a host breaks, and ssh takes its time to connect again: the other host's processes are looked after meanwhile.
    @Test func aHostThatIsSlowToConnectAgainHoldsNothingUp() throws {
        guard let place = try Place() else { return }
        #expect(try place.runner.run(["train", "--data", place.data, "--threads", "1", "--name", "whole"] + Self.settings).code == 0)
        let (broken, slow) = (place.runner.path("broken"), place.runner.path("slow"))
        try place.runner.write(
            "#!/bin/sh\nwhile [ -e \(broken) ]; do sleep 0.1; done\nexec \(CommandRunner.executable) \"$@\"\n", to: "slow")
        chmod(slow, 0o755)
        try place.write(place.server.hosts(data: place.data, second: ", program: \(slow)"))
        let process = try place.start(["--name", "slow"] + Self.settings)
        try place.wait(for: "slow", step: 30, process)
        let run = place.runner.runDirectory("slow")
        let workers = try run.record().processes.filter { $0.role == "worker" }.map { Int32($0.process) }
        let near = try #require(
            workers.first { worker in
                RunProcesses.parent(of: worker).map { !RunProcesses.children(of: $0, "coordinator").isEmpty } ?? false
            })
        let far = try #require(workers.first { $0 != near })
        try place.runner.write("", to: "broken")
        #expect(kill(try #require(RunProcesses.parent(of: far)), SIGKILL) == 0)
        try process.wait(for: "the end of the far worker") { RunProcesses.hasEnded(far) }
        #expect(kill(near, SIGKILL) == 0)
        try process.wait(for: "the near worker's successor") {
            try run.record().processes.contains { $0.role == "worker" && ![near, far].contains(Int32($0.process)) }
        }
        #expect(process.isRunning && FileManager.default.fileExists(atPath: broken))
        try FileManager.default.removeItem(atPath: broken)
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(process.errors)")
        #expect(place.digests("slow") == place.digests("whole"))
        #expect(place.left == [])
    }

    /// The hosts end all processes with a checkpoint, from which the run continues.
    @Test(arguments: [SIGINT, SIGKILL]) func allProcessesEndWhenTheCommandIsInterruptedOrKilled(signal: Int32) throws {
        guard let place = try Place() else { return }
        #expect(try place.runner.run(["train", "--data", place.data, "--threads", "1", "--name", "whole"] + Self.settings).code == 0)
        let process = try place.start(["--name", "ended"] + Self.settings)
        try place.wait(for: "ended", step: 30, process)
        process.send(signal)
        try process.waitUntilExit()
        if signal == SIGINT { #expect(process.terminationStatus == 0) }
        #expect(place.left == [])
        #expect(try place.runner.runDirectory("ended").record().state == .interrupted)
        #expect(place.digests("ended").count < 120)
        let resumed = try place.runner.run("launch", "--hosts", "hosts.yaml", "--resume", "runs/ended")
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(place.digests("ended") == place.digests("whole"))
    }

    @Test func theFirstFailureIsReportedWithItsHost() throws {
        guard let place = try Place() else { return }
        func launch(_ second: String) throws -> Program.Result {
            try place.write(place.server.hosts(data: place.data, second: second))
            return try place.runner.run(["launch", "--hosts", "hosts.yaml", "--name", "none"] + Self.settings)
        }
        // Nothing listens on port 1.
        let unreachable = try launch(", ssh_port: 1")
        #expect(unreachable.code == 69)
        #expect(unreachable.errors.contains("b cannot be reached over ssh"))
        #expect(unreachable.errors.contains("Connection refused; see that sshd runs there"))
        let missing = try launch(", program: /nowhere/colonnade")
        #expect(missing.errors.contains("b has no program /nowhere/colonnade"))
        let hello =
            #"colonnade-host {"hello":{"_0":{"version":"0.0.9","hostName":"b","processor":"p","instructionSet":"i","kernelLibrary":"l","directory":"/"}}}"#
        let old = place.runner.path("old")
        try place.runner.write("#!/bin/sh\necho '\(hello)'\ncat >/dev/null\n", to: "old")
        chmod(old, 0o755)
        let other = try launch(", program: \(old)")
        #expect(other.code == 78)
        #expect(other.errors.contains("b has colonnade 0.0.9, this machine"))
        #expect(!FileManager.default.fileExists(atPath: place.runner.path("runs/none")))
        // Only the worker finds this failure.
        let data = try launch(", data: \(place.runner.path("nowhere"))")
        #expect(data.code == 65)
        #expect(data.errors.contains("worker 1 on b ended with exit code 65"))
        #expect(place.left == [])
    }
}
