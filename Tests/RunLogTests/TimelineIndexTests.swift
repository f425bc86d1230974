import Foundation
import RunLog
import TestSupport
import Testing

@Suite struct TimelineIndexTests {
    private func line(_ step: Int, rank: Int = 0, uncertainty: UInt64? = nil) throws -> TimelineLine {
        TimelineLine(
            step: step, role: "worker", rank: rank, origin: 5, uncertainty: uncertainty,
            // A name that resembles the key that is searched for.
            spans: [.init(name: #"x","step":9"#, kind: .compute, start: 1, duration: 2)])
    }

    @Test func stepsAreFoundAsTheFileGrows() throws {
        let scratch = try RunScratch()
        let writer = try scratch.writer()
        let index = TimelineIndex(scratch.directory)
        #expect(index.steps().isEmpty)
        for rank in 0...1 { try writer.append(try line(100, rank: rank, uncertainty: 7)) }
        #expect(index.steps() == [100])
        try writer.append(try line(200))
        #expect(index.steps() == [100, 200])
        #expect(index.lines(of: 100) == [try line(100, rank: 0, uncertainty: 7), try line(100, rank: 1, uncertainty: 7)])
        #expect(index.lines(of: 150).isEmpty)
    }

    @Test func aLineOfAnotherOrderIsDecodedAndATornOneWaits() throws {
        let scratch = try RunScratch()
        _ = try scratch.writer()
        _ = FileManager.default.createFile(atPath: scratch.directory.timelinePath, contents: nil)
        let index = TimelineIndex(scratch.directory)
        try TextFile.append(
            #"{"step":3,"role":"store","rank":0,"origin":1,"spans":[]}"# + "\n{\"origin\":1,\"rank\":0", to: scratch.directory.timelinePath)
        #expect(index.steps() == [3])
        try TextFile.append(#","role":"store","spans":[],"step":4}"# + "\nnonsense\n", to: scratch.directory.timelinePath)
        #expect(index.steps() == [3, 4])
        #expect(index.lines(of: 4).count == 1)
    }

    @Test func aResumedRunsFileIsReadAgain() throws {
        let scratch = try RunScratch()
        do {
            let writer = try scratch.writer()
            for step in 1...3 {
                try writer.append(RunScratch.step(step))
                try writer.append(try line(step))
            }
        }
        let index = TimelineIndex(scratch.directory)
        #expect(index.steps() == [1, 2, 3])
        _ = try scratch.writer(keeping: 2)
        #expect(index.steps() == [1, 2])
    }
}
