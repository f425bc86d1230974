import Foundation
import RunLog
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
    /// Where names cannot be exchanged, a crash may leave a checkpoint under the name that it was set aside under.
    @Test func aCheckpointThatWasSetAsideCountsUntilItsSuccessorIsThere() throws {
        let scratch = try Scratch()
        let run = RunDirectory(scratch("run"))
        for name in ["step-00000001", ".step-00000002.old", "step-00000002.txt", ".step-00000003.partial", "step-00000004"] {
            try scratch.write("", to: "run/checkpoints/\(name)/state.json")
        }
        try scratch.write("", to: "run/checkpoints/.step-00000004.old/state.json")
        #expect(run.checkpoints().map(\.step) == [1, 2, 4])
        #expect(
            run.checkpoints().map { ($0.path as NSString).lastPathComponent } == ["step-00000001", ".step-00000002.old", "step-00000004"])
        run.removeCheckpoints(keeping: 1)
        #expect(run.checkpoints().map(\.step) == [4])
    }

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
