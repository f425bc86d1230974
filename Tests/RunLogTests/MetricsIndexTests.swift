import Foundation
import RunLog
import TestSupport
import Testing

/// The index agrees with the lines, whatever happened to either file.
@Suite struct MetricsIndexTests {
    private func filled(_ scratch: RunScratch, steps: Int = 40) throws {
        let writer = try scratch.writer()
        for step in 1...steps {
            try writer.append(RunScratch.step(step))
            if step % 10 == 0 { try writer.append(RunScratch.validation(step, 1 - Double(step) / 100)) }
            if step % 20 == 0 { try writer.append(NormsMetrics(step: step, tensors: ["a"], weight: [1], update: [2])) }
        }
    }

    /// Returns the entries of an index that is built from the lines only.
    private func fresh(_ scratch: RunScratch) throws -> [MetricsIndex.Entry] {
        let kept = scratch.directory.indexPath + ".kept"
        try? FileManager.default.moveItem(atPath: scratch.directory.indexPath, toPath: kept)
        defer {
            try? FileManager.default.removeItem(atPath: scratch.directory.indexPath)
            try? FileManager.default.moveItem(atPath: kept, toPath: scratch.directory.indexPath)
        }
        return MetricsIndex(scratch.directory).all
    }

    @Test func theWritersIndexMatchesTheLines() throws {
        let scratch = try RunScratch()
        try filled(scratch)
        let index = MetricsIndex(scratch.directory)
        #expect(index.count == 46)
        #expect(TextFile.size(scratch.directory.indexPath) == 64 + 46 * 64)
        #expect(index.all == (try fresh(scratch)))
        for entry in index.all {
            let line = try #require(scratch.directory.line(entry).flatMap { MetricsLine(line: $0) })
            #expect(line.step == entry.step)
        }
        #expect(index[0].figures == SIMD4(1, 0.01, 1, 2))
    }

    @Test func linesBeyondTheIndexAreRead() throws {
        let scratch = try RunScratch()
        try filled(scratch)
        try TextFile.append(
            #"{"kind":"validation","step":41,"epoch":4,"loss":1,"top1_error":0.5,"top5_error":0.1}"# + "\n{\"kind\":\"st",
            to: scratch.directory.metricsPath)
        let index = MetricsIndex(scratch.directory)
        #expect(index.count == 47)
        #expect(index[46].step == 41 && index[46].kind == .validation && index[46].figures[1] == 0.5)
    }

    @Test func aTornRecordCountsAsMissing() throws {
        let scratch = try RunScratch()
        try filled(scratch)
        let path = scratch.directory.indexPath
        try FileManager.default.contents(atPath: path)!.prefix(64 + 64 * 30 + 17).write(to: URL(fileURLWithPath: path))
        #expect(MetricsIndex(scratch.directory).all == (try fresh(scratch)))
        // A writer that continues must not append its records after the torn one.
        do {
            let writer = try scratch.writer(keeping: 40)
            try writer.append(RunScratch.step(41))
        }
        #expect(MetricsIndex(scratch.directory).all == (try fresh(scratch)))
        #expect(MetricsIndex(scratch.directory).count == 47)
    }

    @Test(arguments: ["other lines", "nonsense", "zeros", "short"]) func anIndexOfAnotherFileIsRejected(what: String) throws {
        let scratch = try RunScratch()
        try filled(scratch)
        let expected = try fresh(scratch)
        let path = scratch.directory.indexPath
        var bytes = try #require(FileManager.default.contents(atPath: path))
        switch what {
        case "other lines":
            let other = try RunScratch()
            let writer = try other.writer()
            for step in 1...46 { try writer.append(RunScratch.step(step * 1000)) }
            bytes = try #require(FileManager.default.contents(atPath: other.directory.indexPath))
        case "nonsense": for place in 64..<bytes.count { bytes[place] = UInt8(truncatingIfNeeded: place &* 197) }
        case "zeros": bytes = bytes.prefix(64) + Data(count: 640)
        default: bytes = bytes.prefix(20)
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(MetricsIndex(scratch.directory).all == expected)
    }

    @Test func resumingKeepsIndexAndLinesTogether() throws {
        let scratch = try RunScratch()
        try filled(scratch)
        try TextFile.append("{\"torn", to: scratch.directory.metricsPath)
        let writer = try scratch.writer(keeping: 25)
        for step in 26...28 { try writer.append(RunScratch.step(step, loss: 9)) }
        let entries = MetricsIndex(scratch.directory).all
        #expect(entries == (try fresh(scratch)))
        #expect(entries.filter { $0.kind == .step }.map(\.step) == Array(1...28))
        #expect(try scratch.directory.metrics().count == entries.count)
    }

    @Test func aSummaryIsOfAllLines() throws {
        let scratch = try RunScratch()
        try filled(scratch)
        let writer = try scratch.writer(keeping: 40)
        try writer.append(RunScratch.validation(40, 0.9))
        let summary = RunSummary(MetricsIndex(scratch.directory))
        #expect(summary.last?.step == 40)
        #expect(summary.bestValidation?.figures[1] == 0.6 && summary.lastValidation?.figures[1] == 0.9)
        #expect(summary.trainingSeconds == 80 && summary.medianRate == 21)
    }

    @Test func aLineAfterATornEventIsSeparate() throws {
        let scratch = try RunScratch()
        try scratch.writer().event("first", "one")
        try TextFile.append("{\"kind\":\"to", to: scratch.directory.eventsPath)
        try scratch.writer(keeping: 0).event("second", "two", ["rank": "1"])
        #expect(scratch.directory.events().map(\.kind) == ["first", "second"])
        #expect(scratch.directory.events().last?.facts == ["rank": "1"])
    }
}

extension MetricsIndex {
    fileprivate var all: [Entry] { (0..<count).map { self[$0] } }
}
