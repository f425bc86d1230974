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
        try PythonCheck.run("check_schemas", [runner.path("runs/a")] + kinds)
        let resumed = try runner.run("train", "--resume", "runs/a", "--steps", "8")
        #expect(resumed.code == 0, "\(resumed.errors)")
        let tuned = try runner.run(
            ["train", "--preset", "cifar10", "--data", data, "--steps", "2", "--name", "b", "--initialize",
             RunDirectory("runs/a").checkpointPath(step: 6)] + options)
        #expect(tuned.code == 0, "\(tuned.errors)")
        try PythonCheck.run("check_schemas", [runner.path("runs/a")] + kinds)
        try PythonCheck.run("check_schemas", [runner.path("runs/b"), "initialized"])
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
