import Foundation
import RunLog

/// A run in a private directory that is removed with this object.
final class RunScratch {
    let runs = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())").path
    let directory: RunDirectory

    init() throws { directory = try RunDirectory.create(runs: runs, name: "a") }
    deinit { try? FileManager.default.removeItem(atPath: runs) }

    func record(state: RunRecord.State = .running) -> RunRecord {
        var record = RunRecord(
            name: "a", run: "00", started: "2026-01-01T00:00:00Z", steps: 3, dataset: "d", datasetFingerprint: "f",
            imagesPerEpoch: 10, workers: 2, configuration: .object([:]))
        record.state = state
        return record
    }

    func writer(keeping: Int? = nil, state: RunRecord.State = .running) throws -> RunWriter {
        try RunWriter(directory, record: record(state: state), keeping: keeping)
    }

    static func step(_ step: Int, loss: Double? = nil) -> StepMetrics {
        StepMetrics(
            step: step, epoch: step / 10, loss: loss ?? 1 / Double(step), learningRate: 0.01, imagesPerSecond: Double(step), seconds: 2,
            digest: "x\(step)")
    }

    static func validation(_ step: Int, _ error: Double) -> ValidationMetrics {
        ValidationMetrics(step: step, epoch: 0, loss: error, top1Error: error, top5Error: error / 2)
    }

    func append(_ text: String, to path: String) throws {
        guard let handle = FileHandle(forWritingAtPath: path) else { throw CocoaError(.fileNoSuchFile) }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
    }

    func size(_ path: String) -> Int { (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? -1 }
}

extension MetricsIndex {
    var all: [Entry] { (0..<count).map { self[$0] } }
}
