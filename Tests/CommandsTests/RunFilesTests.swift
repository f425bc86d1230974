import Foundation
import RunLog
import Testing

/// What a run leaves is as docs/schemas says.
@Suite(.serialized) struct RunFilesTests {
    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func filesAreAsTheirSchemasSay() throws {
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
            ["train", "--preset", "cifar10", "--data", data, "--steps", "2", "--name", "b", "--initialize",
             RunDirectory("runs/a").checkpointPath(step: 6)] + options)
        #expect(tuned.code == 0, "\(tuned.errors)")
        try PythonCheck.run("check_schemas", [runner.path("runs/a")] + kinds)
        try PythonCheck.run("check_schemas", [runner.path("runs/b"), "initialized"])
    }

    /// What long runs are measured with is as runs are.
    @Test func madeRunsAreAsTheSchemasSay() throws {
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

    @Test func everyKindOfEventIsDescribed() throws {
        let sources = Self.repository.appendingPathComponent("Sources")
        var written: Set<String> = []
        for case let file as URL in try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /writer\.event\(\s*"([^"]+)"/) { written.insert(String(match.1)) }
        }
        struct Schema: Decodable {
            struct Reference: Decodable { let ref: String
                enum CodingKeys: String, CodingKey { case ref = "$ref" }
            }
            let oneOf: [Reference]
        }
        let schema = try Data(contentsOf: Self.repository.appendingPathComponent("docs/schemas/events.schema.json"))
        let described = Set(try JSONDecoder().decode(Schema.self, from: schema).oneOf.map { $0.ref.replacingOccurrences(of: "#/$defs/", with: "") })
        #expect(written.count > 20 && written == described, "\(written.symmetricDifference(described).sorted())")
        let page = try String(contentsOf: Self.repository.appendingPathComponent("docs/run-log.md"), encoding: .utf8)
        for kind in written { #expect(page.contains("`\(kind)`"), "\(kind)") }
    }
}
