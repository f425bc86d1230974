import Foundation
import RunLog
import TestSupport
import Testing

/// The figures of the dashboard's JSON, of runs that are made for it.
@Suite(.serialized) struct DashboardFigureTests {
    private struct Lines: Decodable {
        let next: Int
        let digest: String
        let first: Int
        let lines: [MergedLog.Line]
    }

    private struct Entry: Decodable {
        let name: String
        let step: Int
        let loss: Double?
        let best_top1_error: Double?
        let preset: String?
        let dataset: String
    }

    private struct Events: Decodable {
        let next: Int
        let events: [[String: String]]
    }

    private func make(_ runner: CommandRunner, change: (inout RunRecord) -> Void = { _ in }) throws -> RunWriter {
        let directory = try RunDirectory.create(runs: runner.path("runs"), name: "a")
        var record = RunRecord.sample(steps: 20, started: RunWriter.now)
        change(&record)
        return try RunWriter(directory, record: record)
    }

    private func line(_ seconds: Double, _ rank: Int, _ message: String) -> LogLine {
        LogLine(
            time: Timestamp.text(1_800_000_000 + seconds, digits: 6), uncertainty: 0, role: "worker", rank: rank, host: "h", level: .info,
            message: message)
    }

    private func answer<Value: Decodable>(_ server: DashboardServer, _ path: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(server.ask(path).text.utf8))
    }

    /// A line that arrives late stands among earlier ones: a reader must neither miss it nor see another one twice.
    @Test func aLateLineOfTheLogIsNeitherMissedNorDoubled() throws {
        let runner = try CommandRunner()
        let writer = try make(runner)
        try writer.append(line(1, 0, "one"))
        try writer.append(line(5, 0, "three"))
        let server = try DashboardServer(runner)
        let before: Lines = try answer(server, "/api/runs/a/log")
        #expect(before.first == 0 && before.next == 2 && before.lines.map(\.message) == ["one", "three"])
        // Nothing has changed: nothing is sent.
        let same: Lines = try answer(server, "/api/runs/a/log?after=2&digest=\(before.digest)")
        #expect(same.first == 2 && same.lines.isEmpty && same.digest == before.digest)
        try writer.append(line(9, 1, "four"))
        let more: Lines = try answer(server, "/api/runs/a/log?after=2&digest=\(before.digest)")
        #expect(more.first == 2 && more.lines.map(\.message) == ["four"])
        try writer.append(line(3, 1, "two"))
        let late: Lines = try answer(server, "/api/runs/a/log?after=\(more.next)&digest=\(more.digest)")
        #expect(late.first == 0 && late.next == 4 && late.lines.map(\.message) == ["one", "two", "three", "four"])
        // The same message of another worker changes a line that is there already.
        try writer.append(line(9.5, 0, "four"))
        let merged: Lines = try answer(server, "/api/runs/a/log?after=\(late.next)&digest=\(late.digest)")
        #expect(merged.first == 0 && merged.lines.last?.ranks == ["worker 0", "worker 1"])
    }

    @Test func theListNamesNetworkAndDataSet() throws {
        let runner = try CommandRunner()
        let writer = try make(runner) { record in
            (record.preset, record.dataset) = ("cifar10", "/data/cifar")
            record.plan = .init(layers: ["conv1", "fc2"], columns: [[0], [1]], exchange: [])
        }
        for step in 1...8 { try writer.append(RunScratch.step(step, loss: Double(step))) }
        for (step, error) in [(2, 0.5), (4, 0.278), (8, 0.322)] { try writer.append(RunScratch.validation(step, error)) }
        let server = try DashboardServer(runner)
        let found: [Entry] = try answer(server, "/api/runs")
        let entry = try #require(found.first)
        #expect(found.count == 1 && entry.preset == "cifar10" && entry.dataset == "/data/cifar")
        #expect(entry.step == 8 && entry.loss == 8 && entry.best_top1_error == 0.278)
    }

    @Test func eventsHaveTheirOwnStepOrNone() throws {
        let runner = try CommandRunner()
        let writer = try make(runner)
        try writer.event("checkpoint", "checkpoint of step 7", ["path": "p", "step": "7"])
        try writer.event("verdict", "worker 1 is hung in step 9", [:])
        let server = try DashboardServer(runner)
        let found: Events = try answer(server, "/api/runs/a/events")
        #expect(found.next == 2 && found.events.map { $0["step"] } == ["7", nil])
    }
}
