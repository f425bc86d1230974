import Foundation
import RunLog
import TestSupport
import Testing

/// The first difference of two runs, by their digests.
@Suite struct RunDivergenceTests {
    private func run(_ digests: [(Int, String)]) throws -> RunScratch {
        let scratch = try RunScratch()
        let writer = try scratch.writer()
        for (step, digest) in digests {
            var metrics = RunScratch.step(step)
            metrics.digest = digest
            try writer.append(metrics)
            if step % 5 == 0 { try writer.append(RunScratch.validation(step, 0.5)) }
            if step % 7 == 0 { try writer.append(NormsMetrics(step: step, tensors: ["a"], weight: [1], update: [2])) }
        }
        return scratch
    }

    private func digest(_ step: Int) -> String { "\(String(repeating: "0", count: 10))\(100_000 + step)" }
    private func digests(_ steps: some Sequence<Int>, changed: Set<Int> = []) -> [(Int, String)] {
        steps.map { ($0, changed.contains($0) ? "changed" : digest($0)) }
    }

    private func divergence(_ first: RunScratch, _ second: RunScratch) -> RunDivergence {
        RunDivergence(first.directory, second.directory)
    }

    /// With more lines than are read at a time.
    @Test(arguments: [1, 3000, 12_000]) func theFirstDifferenceIsFound(changed: Int) throws {
        let (one, other) = (try run(digests(1...12_000)), try run(digests(1...12_000, changed: [changed])))
        #expect(TextFile.size(one.directory.metricsPath) > 1 << 20)
        let found = divergence(one, other)
        #expect(found.steps == 12_000 && found.first == .init(step: changed, digests: [digest(changed), "changed"]))
        #expect(divergence(one, one) == divergence(other, other) && divergence(one, one).first == nil)
    }

    @Test func aDifferenceIsFoundBeforeRunsAgreeAgain() throws {
        let found = divergence(try run(digests(1...100)), try run(digests(1...100, changed: [31, 77])))
        #expect(found.first?.step == 31)
    }

    @Test func onlyStepsOfBothCount() throws {
        let one = try run(digests([1, 2, 5, 6, 9], changed: [2]))
        let found = divergence(one, try run(digests([3, 5, 6, 7, 9, 10], changed: [7, 9])))
        #expect(found.steps == 3 && found.first?.step == 9)
        #expect(divergence(one, try run([])) == RunDivergence(one.directory, RunDirectory("/none")))
        #expect(divergence(one, try run([])).steps == 0)
    }

    @Test func linesOfOtherProgramsAreRead() throws {
        let (one, other) = (try run(digests(1...4)), try run([]))
        for step in [2, 1, 3, 4, 3] {
            try TextFile.append(
                #"{ "kind": "step", "step": \#(step), "epoch": 0, "loss": 1, "learning_rate": 1, "images_per_second": 1, "seconds": 1, "digest": "\#(step == 4 ? #"\u0078"# : digest(step))" }"#
                    + "\n", to: other.directory.metricsPath)
        }
        // Of two lines of a step, the last one counts.
        try TextFile.append(
            #"{"digest":"twice","epoch":0,"images_per_second":1,"kind":"step","learning_rate":1,"loss":1,"seconds":1,"step":4}"# + "\n",
            to: other.directory.metricsPath)
        let found = divergence(one, other)
        #expect(found.steps == 4 && found.first == .init(step: 4, digests: [digest(4), "twice"]))
    }

    @Test func anInvalidOffsetIsADifferenceAndNoCrash() throws {
        let (one, other) = (try run(digests(1...100)), try run(digests(1...100)))
        let path = other.directory.indexPath
        var bytes = try #require(FileManager.default.contents(atPath: path))
        // The offset of a record that is neither the first, the middle nor the last.
        for place in 64 + 64 * 20..<64 + 64 * 20 + 8 { bytes[place] = 0xFF }
        try bytes.write(to: URL(fileURLWithPath: path))
        let found = divergence(one, other)
        #expect(found.steps == 100 && found.first?.digests[1] == nil)
    }
}
