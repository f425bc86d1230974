import Commands
import Foundation
import RunLog
import Settings
import TestSupport
import Testing

@Suite struct RunRequestTests {
    private struct Finished: Error {}

    /// A coordinator that is started by another process gets what was asked for, whole.
    @Test func aRequestSurvivesItsWayToTheCoordinator() throws {
        let options = [
            "--preset", "cifar10", "--set", "batch=16", "seed=2", "--data=/d", "--steps", "3", "--elastic", "--restarts", "7",
            "--bandwidth", "1Gbit/s",
            "--stopped-exit-code", "75", "--max-strangers", "9", "--store", "process",
        ]
        let request = try RunRequest.parse(options)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let sent = try encoder.encode(request)
        #expect(try encoder.encode(JSONDecoder().decode(RunRequest.self, from: sent)) == sent)
        let text = String(decoding: sent, as: UTF8.self)
        for part in [
            "\"batch=16\",\"seed=2\"", "\"elastic\":true", "\"restarts\":7", "\"bandwidth\":125000000", "\"stoppedExitCode\":75",
            "\"maxStrangers\":9", "\"store\":\"process\"",
        ] {
            #expect(text.contains(part), "\(text)")
        }
        // Taken up again, it names the run in place of what the run's record has.
        let again = String(decoding: try encoder.encode(request.resuming("/r", because: "it was killed")), as: UTF8.self)
        #expect(again.contains("\"resume\":\"\\/r\"") && !again.contains("batch=16") && again.contains("\"restarts\":7"))
    }

    /// A run that failed after its last step, and before the validation of that step, is continued from the only checkpoint that it has: it must
    /// not be trained again from its beginning.
    @Test func aRunWhoseOnlyCheckpointIsOfItsLastStepIsContinued() throws {
        let run = try RunScratch(steps: 3)
        _ = try run.writer()
        let request = try RunRequest.parse(["--runs", run.runs, "--name", run.directory.name, "--resume-if-begun"])
        guard case .run(let fresh, _) = try request.beginning() else { throw Finished() }
        #expect(fresh.resume == nil)
        try FileManager.default.createDirectory(
            atPath: run.directory.checkpointPath(step: 3), withIntermediateDirectories: true)
        guard case .run(let continued, _) = try request.beginning() else { throw Finished() }
        #expect(continued.resume == run.directory.path && continued.restartReason != nil)
    }

    /// The hint to start a worker by hand names what it needs to be admitted.
    @Test func theHintToStartAWorkerNamesCertificatesAndToken() throws {
        func arguments(_ options: [String]) throws -> [String] {
            try RunRequest.parse(["--data", "d"] + options).security.joiningArguments
        }
        #expect(try arguments([]) == [])
        #expect(try arguments(["--certificates", "c"]) == ["--certificates", "c"])
        #expect(try arguments(["--certificates", "c", "--group-readable-keys"]) == ["--certificates", "c", "--group-readable-keys"])
        #expect(try arguments(["--token-file", "t"]) == ["--token-file", "t"])
    }

    /// The prediction of a run takes the slowest of the connections in the file.
    @Test func aRequestIsCompletedByTheFile() throws {
        let file = try HostsFile(
            text:
                "hosts: [{ssh: a, data: /d, threads: 2, bandwidth: 10Gbit/s, latency: 10us}, {ssh: b, threads: 2, bandwidth: 1Gbit/s, latency: 5us}]"
        )
        let encoder = JSONEncoder()
        func text(_ options: [String]) throws -> String {
            String(decoding: try encoder.encode(RunRequest.parse(options).completed(by: file, workers: 2, stores: 0)), as: UTF8.self)
        }
        let completed = try text([])
        for part in ["\"bandwidth\":125000000", "\"workers\":2", "\"threads\":2", "\"stores\":1", "\"data\":\"\\/d\""] {
            #expect(completed.contains(part), "\(completed)")
        }
        let stated = try text(["--data", "/e", "--workers", "1", "--threads", "1", "--bandwidth", "2GB/s"])
        for part in ["\"bandwidth\":2000000000", "\"workers\":1", "\"threads\":1", "\"data\":\"\\/e\""] {
            #expect(stated.contains(part), "\(stated)")
        }
    }
}
