import Foundation
import RunLog
import TestSupport
import Testing

/// The files of a run match the schemas in docs/schemas.
@Suite(.serialized) struct RunFilesTests {
    @Test func filesMatchTheirSchemas() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--set", "batch=16", "optimizer.learning_rate=0.001", "validation.every=3", "checkpoint.every=3"]
        let first = try runner.run(
            ["train", "--preset", "cifar10", "--data", data, "--steps", "6", "--trace-every", "2", "--name", "a"] + options)
        #expect(first.code == 0, "\(first.errors)")
        let kinds = ["step", "validation", "joined", "started", "checkpoint", "finished"]
        let files = ["log.jsonl", "timeline.jsonl", "status.json"]
        try PythonCheck.run("check_schemas", [runner.path("runs/a")] + kinds + files)
        let resumed = try runner.run("train", "--resume", "runs/a", "--steps", "8")
        #expect(resumed.code == 0, "\(resumed.errors)")
        let tuned = try runner.run(
            [
                "train", "--preset", "cifar10", "--data", data, "--steps", "2", "--name", "b", "--initialize",
                RunDirectory("runs/a").checkpointPath(step: 6),
            ] + options)
        #expect(tuned.code == 0, "\(tuned.errors)")
        try PythonCheck.run("check_schemas", [runner.path("runs/a")] + kinds)
        try PythonCheck.run("check_schemas", [runner.path("runs/b"), "initialized"])
    }

    /// The long runs that measurements of the dashboard use are like real ones.
    @Test func generatedRunsMatchTheSchemas() throws {
        let runner = try CommandRunner()
        try PythonCheck.run(
            script: "Tests/Benchmarks/Records/million-steps.py", ["--steps", "1000", "--only-make", "--directory", runner.path("runs")])
        try PythonCheck.run("check_schemas", [runner.path("runs/long"), "step", "validation", "norms", "started"])
        let shown = try runner.run("runs", "show", "long").output
        #expect(shown.contains("finished") && shown.contains("1000"), "\(shown)")
        struct Divergence: Decodable { let steps, first_differing_step: Int }
        let found = try runner.run("runs", "diverge", "long", "other", "--json").output
        let divergence = try JSONDecoder().decode(Divergence.self, from: Data(found.utf8))
        #expect(divergence.steps == 1000 && divergence.first_differing_step == 1000)
    }
}
