import Foundation
import RunLog
import TestSupport
import Testing

/// Keys, metrics and tags that other programs read are those of the releases before.
@Suite(.serialized) struct OutputContractTests {
    private struct TracedStep: Decodable {
        struct Span: Decodable {
            let kind: String
            let name: String
        }
        let spans: [Span]
    }

    @Test func everyOutputHasItsKeys() throws {
        let runner = try ContractRun.make()
        func check(_ name: String, _ arguments: String...) throws {
            let result = try runner.run(arguments + ["--json"])
            #expect(result.code == 0, "\(name): \(result.errors)")
            try GoldenFile(name).check(JSONFacts(result.output).types)
        }
        try check("plan", "plan", "--preset", "cifar10")
        try check("bench-step", "bench", "step", "--preset", "fashion", "--workers", "2", "--batch", "16", "--steps", "3")
        try check("runs-show", "runs", "show", "a")
        try check("runs-list", "runs", "list")
        try check("evaluate", "evaluate", "--checkpoint", ContractRun.checkpoint, "--data", "data")
        try check("predict", "predict", "--checkpoint", ContractRun.checkpoint, "a.png")
        try check("data-describe", "data", "describe", "data")
        let spans = try TextFile.content(runner.path("runs/a/timeline.jsonl")).split(separator: "\n").flatMap { line in
            try JSONDecoder().decode(TracedStep.self, from: Data(line.utf8)).spans
        }
        try GoldenFile("spans").check(Set(spans.map { "\($0.kind) \($0.name)" }))
        #expect(try runner.run("runs", "tensorboard", "a").code == 0)
        try GoldenFile("tensorboard").check(TensorBoardFacts.tags(in: runner.path("runs/a/tensorboard")))
    }

    @Test func everyMetricIsExported() throws {
        let runner = try CommandRunner()
        _ = try runner.makeData()
        let training = try runner.start(
            ContractRun.options + [
                "validation.every=5", "checkpoint.every=5", "--name", "a", "--steps", "100000", "--metrics-listen", "127.0.0.1:0",
            ])
        let said = try training.wait(forOutput: "/metrics\n")
        let line = try #require(said.split(separator: "\n").first { $0.hasSuffix("/metrics") }, "\(said)")
        let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0.dropLast("/metrics".count)) })
        let run = runner.runDirectory("a")
        try training.wait(for: "a validation", every: 20_000) { !run.validations.isEmpty }
        // The status, of which metrics are made, is a second old.
        let golden = try GoldenFile("prometheus")
        var facts: Set<String> = []
        try? Deadline.wait(for: "all metrics", within: Sanitizer.isAbsent ? 30 : 300, every: 200_000) {
            facts.formUnion(PrometheusFacts.facts(try HTTPAsker.ask(port: port, "/metrics").text))
            return golden.facts.isSubset(of: facts)
        }
        golden.check(facts)
    }

    /// The words of `COLONNADE_FAULTS`: kinds, and the frames that each process sends.
    ///
    /// A word that is not known makes the program ignore all faults. Short delays show that each frame's name is known.
    @Test func everyFaultIsKnown() throws {
        let runner = try ContractRun.make()
        let golden = try GoldenFile("faults")
        var (faults, expected) = ([String](), [String: Int]())
        for fact in golden.facts.sorted() {
            let words = fact.split(separator: " ").map(String.init)
            if words[0] == "kind" {
                faults.append(#"{"process":"nobody-0","kind":"\#(words[1])","frame":"slab","number":1,"attempt":0,"seconds":0.5}"#)
            } else {
                faults.append(#"{"process":"\#(words[1])","kind":"delay","frame":"\#(words[2])","number":1,"attempt":0,"seconds":0.01}"#)
                expected[String(words[1].prefix { $0 != "-" }), default: 0] += 1
            }
        }
        let result = try runner.run(
            ContractRun.options + [
                "validation.every=0", "checkpoint.every=2", "--name", "b", "--steps", "4", "--store", "process", "--initialize",
                ContractRun.checkpoint,
            ], environment: ["COLONNADE_FAULTS": "[\(faults.joined(separator: ","))]"])
        #expect(result.code == 0, "\(result.errors)")
        // Names of logs are not ranks, because workers join in any order. The coordinator writes to the output of `train`.
        let logs = try FileManager.default.contentsOfDirectory(atPath: runner.path("runs/b/logs"))
        for (role, count) in expected {
            let texts = logs.filter { $0.hasPrefix("\(role)-") }.map { TextFile.content(runner.path("runs/b/logs/\($0)")) }
            let text = role == "coordinator" ? result.errors + result.output : texts.joined()
            #expect(text.components(separatedBy: "injected fault: delay").count - 1 == count, "\(role): \(text.suffix(1000))")
        }
    }
}
