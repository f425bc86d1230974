import Foundation
import TestSupport
import Testing

/// Options, exit codes and schemas are those of the releases before.
@Suite(.serialized) struct CommandLineContractTests {
    @Test func everyCommandAndOptionIsThere() throws {
        let runner = try CommandRunner()
        let result = try runner.run("--experimental-dump-help")
        #expect(result.code == 0, "\(result.errors)")
        try GoldenFile("command-line").check(CommandLineFacts(result.output).facts)
    }

    @Test func schemasHaveEveryKeyAndValue() throws {
        var facts: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: Repository.path("docs/schemas")) {
            let schema = try JSONFacts(try String(contentsOfFile: Repository.path("docs/schemas/\(name)"), encoding: .utf8))
            let kind = name.prefix { $0 != "." }
            facts.formUnion(schema.values(except: ["title", "description", "$comment"]).map { kind + $0 })
        }
        try GoldenFile("schemas").check(facts)
    }

    /// The table of docs/launching.md: codes, options that set one, and which of them mean that a process is restarted.
    @Test func theTableOfExitCodesIsComplete() throws {
        let page = try String(contentsOfFile: Repository.path("docs/launching.md"), encoding: .utf8)
        var facts: Set<String> = []
        for line in page.split(separator: "\n").drop(while: { !$0.hasPrefix("## Exit codes") }).dropFirst().prefix(while: {
            !$0.hasPrefix("## ")
        }) {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 4, let restart = cells[3].split(separator: ",").first else { continue }
            let words = cells[0].split { !$0.isLetter && !$0.isNumber && $0 != "-" }
            for word in words where word.allSatisfy(\.isNumber) || word.hasPrefix("--") && word.contains(where: \.isLetter) {
                facts.insert("\(word) \(restart)")
            }
        }
        try GoldenFile("exit-code-table").check(facts)
    }

    /// Each fact is a code and a command that ends with it.
    @Test func commandsEndWithTheirExitCodes() throws {
        let runner = try ContractRun.make()
        // A checkpoint with a damaged header.
        try FileManager.default.copyItem(atPath: runner.path(ContractRun.checkpoint), toPath: runner.path("damaged"))
        let model = URL(fileURLWithPath: runner.path("damaged/model.safetensors"))
        var bytes = try Data(contentsOf: model)
        bytes[500] ^= 0x40
        try bytes.write(to: model)
        let golden = try GoldenFile("exit-codes")
        var facts: Set<String> = []
        for fact in golden.facts {
            let arguments = fact.split(separator: " ").dropFirst().map(String.init)
            facts.insert("\(try runner.run(arguments).code) \(arguments.joined(separator: " "))")
        }
        golden.check(facts)
    }
}
