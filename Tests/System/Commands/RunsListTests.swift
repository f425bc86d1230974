import Foundation
import RunLog
import TestSupport
import Testing

/// What `runs` prints, for people and for programs.
@Suite(.serialized) struct RunsListTests {
    private func make(_ runner: CommandRunner, _ name: String, _ state: RunRecord.State, steps: ClosedRange<Int>?) throws {
        let directory = try RunDirectory.create(runs: runner.path("runs"), name: name)
        let writer = try RunWriter(directory, record: .sample(name, steps: 20, started: RunWriter.now))
        for step in steps.map(Array.init) ?? [] {
            try writer.append(
                StepMetrics(
                    step: step, epoch: 0, loss: Double(20 - step), learningRate: 0.01, imagesPerSecond: 5, seconds: 2, digest: "x"))
            try writer.append(
                ValidationMetrics(step: step, epoch: 0, loss: 1, top1Error: 0.9 - 0.05 * Double(step), top5Error: 0.1))
        }
        try writer.update { $0.state = state }
    }

    @Test func listsShowStatesProgressErrorsAndCurves() throws {
        let runner = try CommandRunner()
        try make(runner, "one", .finished, steps: 1...8)
        try make(runner, "other", .failed, steps: nil)
        let utf8 = ["LC_ALL": "C.UTF-8", "TERM": "xterm"]
        let lines = try runner.run(["runs", "list"], environment: utf8).output.split(separator: "\n")
        #expect(lines.count == 3)
        let one = try #require(lines.first { $0.hasPrefix("one ") })
        for word in ["finished", "8/20", "40 %", "50.00 %", "█▇▆▅▄▃▂▁"] { #expect(one.contains(word), "\(one)") }
        let other = try #require(lines.first { $0.hasPrefix("other ") })
        for word in ["failed", "0/20", "0 %", " - "] { #expect(other.contains(word), "\(other)") }
        #expect(!lines.joined().contains("\u{1B}"))
        let plain = try runner.run(["runs", "list"], environment: ["LC_ALL": "C"]).output
        #expect(plain.contains("#*+=~-._") && plain.allSatisfy(\.isASCII))
        let shown = try runner.run(["runs", "show", "one"], environment: utf8).output
        #expect(shown.contains("training loss  █▇▆▅▄▃▂▁  19.0000 to 12.0000") && shown.contains("85.00 % to 50.00 %"), "\(shown)")
        let json = try runner.run(["runs", "list", "--json"], environment: utf8).output
        #expect(json.allSatisfy(\.isASCII) && json.contains("\"best_top1_error\" : 0.5"), "\(json)")
    }

    /// The curves of a report show every step and mark where the rate drops.
    @Test func aReportWithoutCheckpointsHasTheCurves() throws {
        let runner = try CommandRunner()
        let directory = try RunDirectory.create(runs: runner.path("runs"), name: "one")
        let writer = try RunWriter(directory, record: .sample("one", steps: 20, started: RunWriter.now))
        for step in 1...20 {
            try writer.append(
                StepMetrics(
                    step: step, epoch: 0, loss: Double(step % 5), learningRate: step < 13 ? 0.01 : 0.002, imagesPerSecond: 5, seconds: 2,
                    digest: "x"))
            if step % 10 == 0 { try writer.append(ValidationMetrics(step: step, epoch: 0, loss: 1, top1Error: 0.5, top5Error: 0.1)) }
        }
        let result = try runner.run("runs", "report", "one")
        #expect(result.code == 0, "\(result.errors)")
        let page = try String(contentsOfFile: runner.path("runs/one/report.html"), encoding: .utf8)
        #expect(page.components(separatedBy: ">rate ").count == 5 && page.contains(">rate 0.002<"))
        #expect(page.contains("Kernels and images are left out"))
        let lines = page.components(separatedBy: "<path d=\"").dropFirst().map { $0.prefix { $0 != "\"" }.count { "ML".contains($0) } }
        // The two lines of the training loss have a point for every step, those of the validation for every validation. Each chart is there
        // for a screen and for a phone.
        #expect(lines.count { $0 == 20 } == 4)
        #expect(page.contains("viewBox=\"0 0 720 320\"") && page.contains("viewBox=\"0 0 360 "))
    }

    /// No line is wider than the terminal, whatever names, paths and reasons there are.
    @Test(arguments: [60, 80, 120]) func linesFitTheTerminal(columns: Int) throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/script") else { return print("skipped: there is no `script`") }
        let runner = try CommandRunner()
        let name = "a-run-with-a-long-name-as-people-give-them-to-their-runs"
        try make(runner, name, .interrupted, steps: 1...8)
        let directory = runner.runDirectory(name)
        var record = try directory.record()
        record.reason = "the worker on a host with a long name was ended because it had sent no heartbeat for sixty seconds and more"
        record.dataset = "/a/path/of/many/parts/that/leads/to/a/data/set/of/photographs/in/ten/classes"
        record.prediction = .init(
            images_per_second: 738.9, measured_images_per_second: 529, error: 0.397, exchange_wait: 0, store_wait: 0, basis: "x")
        try JSONEncoder().encode(record).write(to: URL(fileURLWithPath: directory.recordPath))
        let all = ProcessInfo.processInfo.environment.merging(["TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"]) { $1 }
        for command in ["list", "show \(name)"] {
            let words = "stty cols \(columns); \(CommandRunner.executable) runs \(command)"
            let output = try Program.run(["/usr/bin/script", "-qec", words, "/dev/null"], in: runner.directory, environment: all).output
            let lines = output.split(whereSeparator: \.isNewline)
            #expect(lines.count > 1 && lines.allSatisfy { $0.count <= columns }, "\(output)")
        }
        let shown = try runner.run("runs", "show", name).output
        #expect(shown.contains("738.9, 39.7 % above the measured 529.0") && shown.contains(record.dataset))
    }

    @Test func aTerminalGetsColoursUnlessTheyAreTurnedOff() throws {
        let runner = try CommandRunner()
        try make(runner, "one", .finished, steps: 1...3)
        // `script` makes a terminal.
        func list(_ environment: [String: String]) throws -> String {
            let terminal = ["TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": ""].merging(environment) { $1 }
            let words = ["/usr/bin/script", "-qec", "\(CommandRunner.executable) runs list", "/dev/null"]
            let all = ProcessInfo.processInfo.environment.merging(terminal) { $1 }
            return try Program.run(words, in: runner.directory, environment: all).output
        }
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/script") else { return print("skipped: there is no `script`") }
        let colored = try list([:])
        #expect(colored.contains("\u{1B}[32mfinished\u{1B}[0m"), "\(colored)")
        let plain = try list(["NO_COLOR": "1"])
        #expect(plain.contains("finished") && !plain.contains("\u{1B}"), "\(plain)")
    }
}
