import Foundation
import RunLog
import TestSupport
import Testing

@Suite struct MetricsSeriesTests {
    private func index(_ scratch: RunScratch, steps: Int) throws -> MetricsIndex {
        let writer = try scratch.writer()
        for step in 1...steps {
            try writer.append(RunScratch.step(step, loss: Double(step % 7)))
            if step % 2 == 0 { try writer.append(RunScratch.validation(step, 1 / Double(step))) }
        }
        return MetricsIndex(scratch.directory)
    }

    @Test func bucketsHoldMeansAndExtremes() throws {
        let scratch = try RunScratch()
        let series = MetricsSeries(try index(scratch, steps: 100), points: 10)
        #expect(series.last == 100)
        #expect(series.steps.step == (1...10).map { $0 * 10 })
        let first = (1...10).map { Double($0 % 7) }
        #expect(series.steps.loss[0] == first.reduce(0, +) / 10)
        #expect(series.steps.loss_min[0] == first.min() && series.steps.loss_max[0] == first.max())
        #expect(series.steps.images_per_second[0] == 5.5)
    }

    @Test(arguments: [1, 2, 3, 99, 100, 101, 5000]) func thereAreNeverMorePoints(points: Int) throws {
        let scratch = try RunScratch()
        let series = MetricsSeries(try index(scratch, steps: 100), points: points)
        #expect(series.steps.step.count <= points && series.validations.count <= points)
        #expect(series.steps.step.last == 100 && series.validations.last?.step == 100)
    }

    @Test func aRangeIsResolvedFinely() throws {
        let scratch = try RunScratch()
        let series = MetricsSeries(try index(scratch, steps: 100), range: 41...50, points: 20)
        #expect(series.steps.step == Array(41...50) && series.last == 100)
        #expect(series.validations.map(\.step) == [42, 44, 46, 48, 50])
    }

    @Test func aRunWithoutStepsHasEmptyCurves() throws {
        let scratch = try RunScratch()
        _ = try scratch.writer()
        let series = MetricsSeries(MetricsIndex(scratch.directory), points: 10)
        #expect(series.last == 0 && series.steps.step.isEmpty)
    }
}

@Suite struct LineReaderTests {
    @Test func aReplacedFileIsReadFromItsEnd() throws {
        let scratch = try RunScratch()
        var reader = LineReader<MetricsLine>(scratch.directory.metricsPath)
        do {
            let writer = try scratch.writer()
            for step in 1...6 { try writer.append(RunScratch.step(step)) }
            #expect(reader.next().map(\.step) == Array(1...6))
            #expect(reader.next().isEmpty)
        }
        // Longer lines, so that the new file is as long as the old one before it is read.
        let writer = try scratch.writer(keeping: 5)
        #expect(reader.next().isEmpty)
        for step in 6...9 { try writer.append(RunScratch.step(step, loss: 0.123456789)) }
        #expect(reader.next().map(\.step) == Array(6...9))
    }
}
