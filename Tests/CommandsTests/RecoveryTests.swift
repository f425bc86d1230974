import Foundation
import RunLog
import Testing

/// Runs that lose a process end as if they had not.
@Suite(.serialized) struct RecoveryTests {
    private func options(_ data: String, _ name: String) -> [String] {
        ["train", "--preset", "cifar10", "--data", data, "--steps", "120", "--store", "process", "--name", name, "--set", "batch=16",
         "optimizer.learning_rate=0.001", "checkpoint.every=10", "checkpoint.keep=2", "validation.every=0"]
    }

    private func digests(_ directory: RunDirectory) throws -> [String] {
        try directory.metrics().compactMap { if case .step(let step) = $0 { step.digest } else { nil } }
    }

    private func events(_ directory: RunDirectory) -> String {
        (try? String(contentsOfFile: directory.eventsPath, encoding: .utf8)) ?? ""
    }

    @Test(arguments: ["worker", "store", "coordinator"]) func aKilledProcessCostsNoBit(role: String) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let whole = try digests(RunDirectory(runner.path("runs/whole")))
        #expect(whole.count == 120)
        let (process, output, errors) = try runner.start(options(data, "killed"))
        let run = RunDirectory(runner.path("runs/killed"))
        // Past a checkpoint, and between two.
        while process.isRunning, ((try? digests(run).count) ?? 0) < 35 { usleep(5_000) }
        let victim = role == "coordinator" ? try children(of: process.processIdentifier, role) : try run.record().processes
            .filter { $0.role == role }.map { pid_t($0.process) }
        let coordinator = try children(of: process.processIdentifier, "coordinator")
        #expect(kill(try #require(victim.first), SIGKILL) == 0)
        if role == "worker" {
            while process.isRunning, !events(run).contains("\"kind\":\"recovered\"") { usleep(2_000) }
            // The others have held: only the worker was started anew.
            #expect(try children(of: process.processIdentifier, "coordinator") == coordinator)
            #expect(events(run).components(separatedBy: "\"kind\":\"started\"").count == 2)
        }
        _ = output.fileHandleForReading.readDataToEndOfFile()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
        #expect(try digests(run) == whole)
        #expect(events(run).contains("\"kind\":\"recovered\""))
        #expect(try run.record().state == .finished)
        #expect(run.checkpoints().map(\.step) == [110, 120])
    }

    private func children(of parent: pid_t, _ role: String) throws -> [pid_t] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["pgrep", "-P", "\(parent)", "-f", "colonnade \(role)"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return text.split(separator: "\n").compactMap { pid_t($0) }
    }

    private struct Injected: Sendable, CustomTestStringConvertible {
        let kind: String
        let process: String
        let frame: String
        let number: Int
        /// What the first event of such a kind has to name; nil where nothing is to be noticed.
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

    @Test(arguments: faults) private func aFaultIsNamedAndCostsNoBit(_ fault: Injected) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let result = try runner.run(
            options(data, "faulty") + ["validation.every=15", "--patience", "2"], environment: ["COLONNADE_FAULTS": fault.json])
        #expect(result.code == 0, "\(result.errors)")
        let (run, whole) = (RunDirectory(runner.path("runs/faulty")), RunDirectory(runner.path("runs/whole")))
        #expect(try digests(run) == digests(whole))
        // Steps that are to be validated are, once, whatever happened after them.
        #expect(try run.metrics().filter { if case .validation = $0 { true } else { false } }.map(\.step) == [15, 30, 45, 60, 75, 90, 105, 120])
        let findings = events(run).split(separator: "\n").filter { line in
            ["lost", "verdict", "link-lost"].contains { line.contains("\"kind\":\"\($0)\"") }
        }
        guard let named = fault.named else { return #expect(findings.isEmpty) }
        let first = try #require(findings.first, "the fault was not noticed")
        for name in named { #expect(first.contains(name), "\(first)") }
    }

    @Test func aSpareTakesTheLostWorkersPlace() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let address = runner.path("address")
        let (coordinator, output, _) = try runner.start(
            ["coordinator"] + options(data, "spare").dropFirst() + ["--listen", "127.0.0.1:0", "--address-file", address])
        while coordinator.isRunning, !FileManager.default.fileExists(atPath: address) { usleep(5_000) }
        let place = try String(contentsOfFile: address, encoding: .utf8)
        let others = try ["store", "worker", "worker", "worker"].map { try runner.start([$0, "--coordinator", place]).0 }
        let run = RunDirectory(runner.path("runs/spare"))
        while coordinator.isRunning, ((try? digests(run).count) ?? 0) < 25 { usleep(5_000) }
        #expect(events(run).contains("\"kind\":\"spare\""))
        let victim = try #require(run.record().processes.first { $0.role == "worker" && $0.rank == 1 })
        #expect(kill(pid_t(victim.process), SIGKILL) == 0)
        _ = output.fileHandleForReading.readDataToEndOfFile()
        coordinator.waitUntilExit()
        for process in others { process.waitUntilExit() }
        #expect(coordinator.terminationStatus == 0)
        #expect(try digests(run) == digests(RunDirectory(runner.path("runs/whole"))))
        let now = try #require(run.record().processes.first { $0.role == "worker" && $0.rank == 1 })
        #expect(now.process != victim.process)
    }

    /// The system ends workers at once then and asks the coordinator to stop, which must not wait for others to come.
    @Test func nobodyIsLeftWhenTheSupervisorIsKilled() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let (process, _, _) = try runner.start(
            ["train", "--preset", "cifar10", "--data", data, "--steps", "1000000", "--name", "orphaned", "--set", "batch=16",
             "optimizer.learning_rate=0.001", "checkpoint.every=0", "validation.every=0"])
        let run = RunDirectory(runner.path("runs/orphaned"))
        while process.isRunning, ((try? digests(run).count) ?? 0) < 20 { usleep(5_000) }
        let processes = RunProcesses.children(of: process.processIdentifier)
        #expect(Set(processes.map(\.role)) == ["coordinator", "worker"])
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        while !processes.allSatisfy({ RunProcesses.hasEnded($0.process) }) { usleep(10_000) }
        let steps = try digests(run).count
        #expect(try run.record().state == .interrupted && run.checkpoints().map(\.step).last == steps)
        #expect(try runner.run("train", "--resume", "runs/orphaned", "--steps", "\(steps + 5)").code == 0)
    }

    @Test func aCauseThatStaysEndsTheRun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let (process, _, errors) = try runner.start(options(data, "doomed") + ["checkpoint.every=0", "--restarts", "1"])
        let run = RunDirectory(runner.path("runs/doomed"))
        var killed: Set<Int> = []
        while process.isRunning {
            if let worker = try? run.record().processes.first(where: { $0.role == "worker" }), killed.insert(worker.process).inserted {
                kill(pid_t(worker.process), SIGKILL)
            }
            usleep(2_000)
        }
        #expect(process.terminationStatus == 75)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(said.contains("was begun 2 times without success") || said.contains("2 times in a row"), "\(said)")
        #expect(killed.count == 2)
        #expect(try run.record().state != .running)
    }

    /// A checkpoint is written before its step's validation is there: a run that is lost between the two makes up for it, whether
    /// steps follow or not, and ends as the undisturbed one; here the rate of later steps hangs on that validation.
    @Test(arguments: [4, 8]) func aLostValidationIsMadeUpFor(step: Int) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let command = [
            "train", "--preset", "cifar10", "--data", data, "--steps", "8", "--set", "batch=16", "schedule.kind=plateau", "schedule.patience=1",
            "optimizer.learning_rate=0.0000001", "validation.every=2", "checkpoint.every=2", "checkpoint.keep=0",
        ]
        #expect(try runner.run(command + ["--name", "whole"]).code == 0)
        #expect(try runner.run(command + ["--name", "lost"]).code == 0)
        let (whole, lost) = (RunDirectory(runner.path("runs/whole")), RunDirectory(runner.path("runs/lost")))
        func validations(_ run: RunDirectory) throws -> [ValidationMetrics] {
            try run.metrics().compactMap { if case .validation(let found) = $0 { found } else { nil } }
        }
        // The files as they are when the processes are killed at that moment.
        let kept = try String(contentsOfFile: lost.path + "/metrics.jsonl", encoding: .utf8).split(separator: "\n").filter { line in
            let said = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let at = try #require(said["step"] as? Int)
            return at < step || at == step && said["kind"] as? String != "validation"
        }
        try Data((kept.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: lost.path + "/metrics.jsonl"))
        for checkpoint in lost.checkpoints() where checkpoint.step > step { try FileManager.default.removeItem(atPath: checkpoint.path) }
        var record = try #require(try JSONSerialization.jsonObject(with: try Data(contentsOf: URL(fileURLWithPath: lost.recordPath))) as? [String: Any])
        record["state"] = "running"
        try JSONSerialization.data(withJSONObject: record).write(to: URL(fileURLWithPath: lost.recordPath))
        let result = try runner.run("train", "--resume", "runs/lost")
        #expect(result.code == 0, "\(result.errors)")
        let (before, after) = (try validations(whole), try validations(lost))
        #expect(before.map(\.step) == [2, 4, 6, 8] && after.map(\.step) == before.map(\.step))
        #expect(after.map(\.loss) == before.map(\.loss) && after.map(\.top1_error) == before.map(\.top1_error))
        #expect(try digests(lost) == digests(whole))
        let rates = try whole.metrics().compactMap { if case .step(let found) = $0 { found.learning_rate } else { nil } }
        #expect(Set(rates).count > 1, "no rate hangs on a validation: \(rates)")
        #expect(try lost.record().state == .finished)
    }

    @Test func aDamagedCheckpointIsPassedOverForTheOneBefore() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(options(data, "whole")).code == 0)
        let run = RunDirectory(runner.path("runs/whole"))
        let whole = try digests(run)
        let newest = try #require(run.checkpoints().last)
        let model = newest.path + "/model.safetensors"
        let file = try #require(FileHandle(forUpdatingAtPath: model))
        try file.seek(toOffset: 5000)
        try file.write(contentsOf: Data([0x55, 0xAA]))
        try file.close()
        let result = try runner.run("train", "--resume", "runs/whole", "--steps", "120")
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("is damaged") && result.output.contains("an older one is used"), "\(result.output)")
        #expect(events(run).contains("checkpoint-damaged"))
        #expect(try digests(run) == whole)
    }
}
