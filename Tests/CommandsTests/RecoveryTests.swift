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
        #expect(kill(try #require(victim.first), SIGKILL) == 0)
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
        #expect(process.terminationStatus == 69)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(said.contains("2 times in a row: the run is not started again"), "\(said)")
        #expect(killed.count == 2)
        #expect(try run.record().state == .failed)
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
        #expect(result.output.contains("is damaged") && result.output.contains("an older one is taken"), "\(result.output)")
        #expect(events(run).contains("checkpoint-damaged"))
        #expect(try digests(run) == whole)
    }
}
