import RunLog
import TestSupport
import Testing

/// Every figure of a run equals what its files say.
@Suite struct RunFiguresTests {
    private func record(classes: Int64, batch: Int64 = 5) -> RunRecord {
        var record = RunRecord.sample(steps: 20)
        let last = JSONValue.object(["name": .string("fc3"), "inner_product": .object(["outputs": .integer(classes)])])
        record.configuration = .object([
            "network": .object(["layers": .array([.object(["name": .string("conv1")]), last])]),
            "recipe": .object(["batch": .integer(batch)]),
        ])
        record.prediction = .init(
            images_per_second: 738.9, measured_images_per_second: 529, error: 0.397, exchange_wait: 0, store_wait: 0, basis: "x")
        return record
    }

    private func rows(_ record: RunRecord, _ scratch: RunScratch) throws -> [String: String] {
        let summary = RunSummary(MetricsIndex(scratch.directory))
        let figures = RunFigures(record, summary, path: "runs/a", digest: "x8", checkpoint: "runs/a/checkpoints/step-00000008")
        return Dictionary(uniqueKeysWithValues: figures.rows.map { ($0.name, $0.value) })
    }

    private func written() throws -> RunScratch {
        let scratch = try RunScratch(steps: 20)
        let writer = try scratch.writer()
        for step in 1...8 { try writer.append(RunScratch.step(step, loss: step == 8 ? 1.568_374e20 : Double(step))) }
        // The best validation is neither the first nor the last.
        for (step, error) in [(2, 0.5), (4, 0.278), (6, 0.289), (8, 0.322)] { try writer.append(RunScratch.validation(step, error)) }
        return scratch
    }

    @Test func figuresAreThoseOfTheLastLinesAndOfTheWholeRun() throws {
        let found = try rows(record(classes: 10), written())
        #expect(
            found == [
                "run": "runs/a", "steps": "8", "passes over the data": "4", "training loss": "1.568e+20",
                // The scratch's step n has n images a second and two seconds.
                "images/s (median)": "5.0", "images/s, predicted": "738.9, 39.7 % above the measured 529.0", "training time": "16 s",
                "validation loss": "0.3220", "top-1 error": "32.20 %", "top-5 error": "16.10 %", "best top-1 error": "27.80 % at step 4",
                "digest": "x8", "checkpoint": "runs/a/checkpoints/step-00000008",
            ])
    }

    @Test func threeClassesHaveNoTopFiveError() throws {
        let found = try rows(record(classes: 3), written())
        #expect(found["top-5 error"] == nil && found["top-1 error"] == "32.20 %")
    }

    @Test func aRunWithoutStepsHasNoFiguresOfSteps() throws {
        let scratch = try RunScratch()
        _ = try scratch.writer()
        let figures = RunFigures(scratch.directory, MetricsIndex(scratch.directory))
        #expect(figures.rows.map(\.name) == ["run"])
    }

    @Test func classesAndBatchComeFromTheConfiguration() {
        #expect(record(classes: 7).classes == 7 && record(classes: 7).batch == 5)
        #expect(record(classes: 7, batch: 0).batch == nil)
        #expect(RunRecord.sample().classes == nil && RunRecord.sample().batch == nil && RunRecord.sample().passes(steps: 1) == nil)
    }

    /// The workers of every replica have all columns.
    @Test func replicasDoNotAddColumns() {
        let plan = RunRecord.Plan(layers: ["conv1"], columns: [[0], [1], [0], [1]], exchange: [])
        #expect(plan.columnCount == 2)
        #expect(RunRecord.Plan(layers: ["conv1"], columns: [[0, 1], [0, 1]], exchange: []).columnCount == 2)
    }
}
