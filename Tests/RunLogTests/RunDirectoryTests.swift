import Foundation
import RunLog
import Testing

@Suite struct RunDirectoryTests {
    private let runs = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())").path

    private func record(_ name: String) -> RunRecord {
        RunRecord(
            name: name, run: "00", started: "2026-01-01T00:00:00Z", steps: 3, dataset: "d", datasetFingerprint: "f",
            imagesPerEpoch: 10, workers: 2, configuration: .object([:]))
    }

    private func step(_ step: Int) -> StepMetrics {
        StepMetrics(
            step: step, epoch: 0, loss: 1 / Double(step), learningRate: 0.01, imagesPerSecond: 5, seconds: 2, digest: "x")
    }

    @Test func aTornLastLineIsSkipped() throws {
        defer { try? FileManager.default.removeItem(atPath: runs) }
        let directory = try RunDirectory.create(runs: runs, name: "a")
        let writer = try RunWriter(directory, record: record("a"))
        for number in 1...3 { try writer.append(step(number)) }
        let handle = FileHandle(forWritingAtPath: directory.metricsPath)!
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"kind":"step","st"#.utf8))
        #expect(try directory.metrics() == (1...3).map { .step(step($0)) })
    }

    @Test func resumingDropsTheStepsThatAreTrainedAgain() throws {
        defer { try? FileManager.default.removeItem(atPath: runs) }
        let directory = try RunDirectory.create(runs: runs, name: "a")
        do {
            let writer = try RunWriter(directory, record: record("a"))
            for number in 1...5 { try writer.append(step(number)) }
            #expect(throws: RunLogError.self) { try RunWriter(directory, record: record("a"), keeping: 3) }
        }
        let again = try RunWriter(directory, record: record("a"), keeping: 3)
        try again.append(step(4))
        #expect(try directory.metrics().map(\.step) == [1, 2, 3, 4])
    }

    @Test func namesAreNotTakenTwiceAndDoNotLeaveTheDirectory() throws {
        defer { try? FileManager.default.removeItem(atPath: runs) }
        _ = try RunDirectory.create(runs: runs, name: "a")
        #expect(throws: RunLogError.self) { try RunDirectory.create(runs: runs, name: "a") }
        #expect(throws: RunLogError.self) { try RunDirectory.create(runs: runs, name: "../b") }
    }
}
