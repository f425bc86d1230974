import RunLog
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
    @Test func aTornLastLineIsSkipped() throws {
        let scratch = try RunScratch()
        let writer = try scratch.writer()
        for number in 1...3 { try writer.append(RunScratch.step(number)) }
        try TextFile.append(#"{"kind":"step","st"#, to: scratch.directory.metricsPath)
        #expect(try scratch.directory.metrics() == (1...3).map { .step(RunScratch.step($0)) })
    }

    @Test func resumingDropsTheStepsThatAreTrainedAgain() throws {
        let scratch = try RunScratch()
        do {
            let writer = try scratch.writer()
            for number in 1...5 { try writer.append(RunScratch.step(number)) }
            #expect(throws: RunLogError.self) { try scratch.writer(keeping: 3) }
        }
        let again = try scratch.writer(keeping: 3)
        try again.append(RunScratch.step(4))
        #expect(try scratch.directory.metrics().map(\.step) == [1, 2, 3, 4])
    }

    @Test func namesAreNotTakenTwiceAndDoNotLeaveTheDirectory() throws {
        let scratch = try Scratch()
        _ = try RunDirectory.create(runs: scratch.path, name: "a")
        #expect(throws: RunLogError.self) { try RunDirectory.create(runs: scratch.path, name: "a") }
        #expect(throws: RunLogError.self) { try RunDirectory.create(runs: scratch.path, name: "../b") }
    }
}
