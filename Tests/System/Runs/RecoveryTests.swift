import Foundation
import Glibc
import RunLog
import TestSupport
import Testing

/// Runs that lose a process give the same results as undisturbed ones.
@Suite(.serialized) struct RecoveryTests {
    /// The options of a run, of `train` as of `coordinator`.
    private func training(_ data: String) -> [String] {
        [
            "--preset", "cifar10", "--data", data, "--steps", "120", "--store", "process", "--set", "batch=16",
            "optimizer.learning_rate=0.001", "checkpoint.every=10", "checkpoint.keep=2", "validation.every=0",
        ]
    }

    private func options(_ data: String, _ name: String) -> [String] { ["train", "--name", name] + training(data) }

    @Test(arguments: ["worker", "store", "coordinator"]) func aKilledProcessChangesNoDigest(role: String) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let whole = runner.runDirectory("whole").digests
        #expect(whole.count == 120)
        let process = try runner.start(options(data, "killed"))
        let run = runner.runDirectory("killed")
        // After a checkpoint, and before the next one.
        try process.wait(for: "step 35") { run.steps.count >= 35 }
        let victim =
            role == "coordinator"
            ? RunProcesses.children(of: process.processIdentifier, role)
            : try run.record().processes
                .filter { $0.role == role }.map { pid_t($0.process) }
        let coordinator = RunProcesses.children(of: process.processIdentifier, "coordinator")
        #expect(kill(try #require(victim.first), SIGKILL) == 0)
        if role == "worker" {
            try process.wait(for: "the recovery", every: 2_000) { !run.events("recovered").isEmpty }
            // The other processes have waited: only the worker was started again.
            #expect(RunProcesses.children(of: process.processIdentifier, "coordinator") == coordinator)
            #expect(run.events("started").count == 1)
        }
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(process.errors)")
        #expect(run.digests == whole)
        #expect(!run.events("recovered").isEmpty)
        #expect(try run.record().state == .finished)
        #expect(run.checkpoints().map(\.step) == [110, 120])
    }

    /// Its workers find it silent, and so does the supervisor.
    @Test func aCoordinatorThatHangsIsStartedAgain() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let process = try runner.start(options(data, "hung") + ["--patience", "2"])
        let run = runner.runDirectory("hung")
        try process.wait(for: "step 35") { run.steps.count >= 35 }
        let coordinator = try #require(RunProcesses.children(of: process.processIdentifier, "coordinator").first)
        #expect(kill(coordinator, SIGSTOP) == 0)
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(process.errors)")
        #expect(RunProcesses.hasEnded(coordinator))
        #expect(run.events("recovered").count >= 1)
        #expect(run.digests == runner.runDirectory("whole").digests)
    }

    /// A power cut takes several processes at once: one incident, however many they are.
    @Test func workersThatAreKilledTogetherAreOneIncident() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let replicas = ["--replicas", "2", "--restarts", "1"]
        #expect(try runner.run(options(data, "whole") + replicas).code == 0)
        let process = try runner.start(options(data, "killed") + replicas)
        let run = runner.runDirectory("killed")
        for step in [25, 55, 85] {
            try process.wait(for: "step \(step)") { run.steps.count >= step }
            let workers = try run.record().processes.filter { $0.role == "worker" }.map { pid_t($0.process) }
            #expect(workers.count == 4)
            for worker in workers.prefix(3) { kill(worker, SIGKILL) }
            let recoveries = run.events("recovered").count
            try process.wait(for: "the recovery", every: 2_000) { run.events("recovered").count > recoveries }
        }
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(process.errors)")
        #expect(run.digests == runner.runDirectory("whole").digests)
    }

    private struct Injected: Sendable, CustomTestStringConvertible {
        let kind: String
        let process: String
        let frame: String
        let number: Int
        /// Words of the first event that reports the fault; nil if the fault must cause no event.
        let named: [String]?
        var seconds: Double?
        var testDescription: String { "\(kind) at \(frame) \(number) of \(process)" }
        var json: String {
            "[{\"process\":\"\(process)\",\"kind\":\"\(kind)\",\"frame\":\"\(frame)\",\"number\":\(number),\"attempt\":0"
                + (seconds.map { ",\"seconds\":\($0)" } ?? "") + "}]"
        }
    }

    private static let faults = [
        Injected(kind: "flip", process: "worker-0", frame: "slab", number: 70, named: ["worker 0", "worker 1"]),
        Injected(kind: "cut", process: "worker-1", frame: "push", number: 90, named: ["worker 1", "store 0"]),
        Injected(kind: "duplicate", process: "worker-1", frame: "slab", number: 81, named: ["worker 0", "worker 1"]),
        Injected(kind: "lose", process: "worker-1", frame: "slab", number: 65, named: ["worker 1", "worker 0"]),
        Injected(kind: "half-open", process: "store-0", frame: "value", number: 200, named: ["store 0", "worker"]),
        Injected(kind: "stop", process: "worker-0", frame: "slab", number: 50, named: ["worker 0"]),
        Injected(kind: "delay", process: "worker-0", frame: "slab", number: 50, named: nil, seconds: 0.5),
        Injected(kind: "clock", process: "worker-0", frame: "slab", number: 50, named: nil, seconds: -7200),
    ]

    @Test(arguments: faults) private func aFaultIsReportedAndChangesNoDigest(_ fault: Injected) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let result = try runner.run(
            options(data, "faulty") + ["validation.every=15", "--patience", "2"], environment: ["COLONNADE_FAULTS": fault.json])
        #expect(result.code == 0, "\(result.errors)")
        let run = runner.runDirectory("faulty")
        #expect(run.digests == runner.runDirectory("whole").digests)
        // Every validation happens once, whatever happens after its step.
        #expect(run.validations.map(\.step) == [15, 30, 45, 60, 75, 90, 105, 120])
        let findings = run.eventLines("lost", "verdict", "link-lost")
        guard let named = fault.named else { return #expect(findings.isEmpty) }
        let first = try #require(findings.first, "the fault was not noticed")
        for name in named { #expect(first.contains(name), "\(first)") }
    }

    @Test func aSpareTakesTheLostWorkersPlace() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let run = try RunByHand(runner, "spare", training(data) + ["--listen", "127.0.0.1:0"])
        for role in ["store", "worker", "worker", "worker"] { try run.start(role) }
        try run.train(25)
        #expect(!run.directory.events("spare").isEmpty)
        let victim = try #require(run.directory.record().processes.first { $0.role == "worker" && $0.rank == 1 })
        #expect(kill(pid_t(victim.process), SIGKILL) == 0)
        #expect(try run.end() == 0)
        #expect(run.directory.digests == runner.runDirectory("whole").digests)
        let now = try #require(run.directory.record().processes.first { $0.role == "worker" && $0.rank == 1 })
        #expect(now.process != victim.process)
    }

    /// The system then ends workers at once and asks the coordinator to stop. The coordinator must not wait for new workers.
    @Test func noProcessIsLeftWhenTheSupervisorIsKilled() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let process = try runner.start(
            [
                "train", "--preset", "cifar10", "--data", data, "--steps", "1000000", "--name", "orphaned", "--set", "batch=16",
                "optimizer.learning_rate=0.001", "checkpoint.every=0", "validation.every=0",
            ])
        let run = runner.runDirectory("orphaned")
        try process.wait(for: "step 20") { run.steps.count >= 20 }
        let processes = RunProcesses.children(of: process.processIdentifier)
        #expect(Set(processes.map(\.role)) == ["coordinator", "worker"])
        process.send(SIGKILL)
        try process.waitUntilExit()
        try Deadline.wait(for: "the end of its children", every: 10_000) { processes.allSatisfy { RunProcesses.hasEnded($0.process) } }
        let steps = run.steps.count
        #expect(try run.record().state == .interrupted && run.checkpoints().map(\.step).last == steps)
        #expect(try runner.run("train", "--resume", "runs/orphaned", "--steps", "\(steps + 5)").code == 0)
    }

    @Test func aRepeatedFailureEndsTheRun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let process = try runner.start(options(data, "doomed") + ["checkpoint.every=0", "--restarts", "1"])
        let run = runner.runDirectory("doomed")
        var killed: Set<Int> = []
        try process.wait(for: "the end", every: 2_000) {
            if let worker = try? run.record().processes.first(where: { $0.role == "worker" }), killed.insert(worker.process).inserted {
                kill(pid_t(worker.process), SIGKILL)
            }
            return false
        }
        try process.waitUntilExit()
        #expect(process.terminationStatus == 75)
        let said = process.errors
        #expect(said.contains("was begun 2 times without success") || said.contains("2 times in a row"), "\(said)")
        #expect(killed.count == 2)
        #expect(try run.record().state != .running)
    }

    /// A checkpoint is written before the validation of its step. A run that is lost between the two repeats the validation, whether
    /// steps follow or not, and gives the same results as an undisturbed one. Here, the rate of later steps depends on that validation.
    @Test(arguments: [4, 8]) func aLostValidationIsRepeated(step: Int) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let command = [
            "train", "--preset", "cifar10", "--data", data, "--steps", "8", "--set", "batch=16", "schedule.kind=plateau",
            "schedule.patience=1",
            "optimizer.learning_rate=0.0000001", "validation.every=2", "checkpoint.every=2", "checkpoint.keep=0",
        ]
        #expect(try runner.run(command + ["--name", "whole"]).code == 0)
        #expect(try runner.run(command + ["--name", "lost"]).code == 0)
        let (whole, lost) = (runner.runDirectory("whole"), runner.runDirectory("lost"))
        // The files are changed to what they would be if the processes had been killed at that moment.
        let kept = try String(contentsOfFile: lost.path + "/metrics.jsonl", encoding: .utf8).split(separator: "\n").filter { line in
            let said = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let at = try #require(said["step"] as? Int)
            return at < step || at == step && said["kind"] as? String != "validation"
        }
        try Data((kept.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: lost.path + "/metrics.jsonl"))
        for checkpoint in lost.checkpoints() where checkpoint.step > step { try FileManager.default.removeItem(atPath: checkpoint.path) }
        var record = try #require(
            try JSONSerialization.jsonObject(with: try Data(contentsOf: URL(fileURLWithPath: lost.recordPath))) as? [String: Any])
        record["state"] = "running"
        try JSONSerialization.data(withJSONObject: record).write(to: URL(fileURLWithPath: lost.recordPath))
        let result = try runner.run("train", "--resume", "runs/lost")
        #expect(result.code == 0, "\(result.errors)")
        let (before, after) = (whole.validations, lost.validations)
        #expect(before.map(\.step) == [2, 4, 6, 8] && after.map(\.step) == before.map(\.step))
        #expect(after.map(\.loss) == before.map(\.loss) && after.map(\.top1_error) == before.map(\.top1_error))
        #expect(lost.digests == whole.digests)
        let rates = whole.steps.map(\.learning_rate)
        #expect(Set(rates).count > 1, "no rate depends on a validation: \(rates)")
        #expect(try lost.record().state == .finished)
    }

    @Test func aDamagedCheckpointIsSkippedForTheOneBefore() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let run = runner.runDirectory("whole")
        let whole = run.digests
        let newest = try #require(run.checkpoints().last)
        let model = newest.path + "/model.safetensors"
        let file = try #require(FileHandle(forUpdatingAtPath: model))
        try file.seek(toOffset: 5000)
        try file.write(contentsOf: Data([0x55, 0xAA]))
        try file.close()
        let result = try runner.run("train", "--resume", "runs/whole", "--steps", "120")
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("is damaged") && result.output.contains("an older one is used"), "\(result.output)")
        #expect(run.eventsText.contains("checkpoint-damaged"))
        #expect(run.digests == whole)
    }
}
