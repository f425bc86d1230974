import Foundation
import Glibc
import RunLog
import TestSupport
import Testing

/// The recorder's thread and the files that it writes. Small disks need root.
@Suite(.serialized) struct RunRecorderTests {
    @Test func everythingIsInItsFileWhenTheRecorderHasFinished() throws {
        let scratch = try RunScratch(steps: 100)
        let recorder = RunRecorder(try scratch.writer())
        for number in 1...100 {
            try recorder.append(RunScratch.step(number))
            recorder.event("note", "\(number)")
        }
        recorder.update { $0.state = .finished }
        try recorder.flush()
        #expect(scratch.directory.steps.map(\.step) == Array(1...100))
        let backlog = recorder.finish(within: 60)
        #expect(backlog.isEmpty)
        #expect(scratch.directory.events().map(\.message) == (1...100).map { "\($0)" })
        #expect(try scratch.directory.record().state == .finished)
        #expect(MetricsIndex(scratch.directory).count == 100)
        // A figure that JSON does not have is no error of a disk.
        #expect(throws: (any Error).self) { try RunRecorder(try RunScratch().writer()).append(RunScratch.step(1, loss: .infinity)) }
    }

    /// Lines that find no room wait, and none is torn, missing or doubled when there is room again.
    @Test(.enabled(if: getuid() == 0, "only root can mount a small file system"))
    func aFullDiskThatIsFreedLeavesNoGap() throws {
        guard let disk = try SmallDisk(kilobytes: 512) else { return print("skipped: this machine lets nobody mount") }
        defer { disk.unmount() }
        let directory = try RunDirectory.create(runs: disk.path, name: "a")
        let recorder = RunRecorder(try RunWriter(directory, record: .sample(steps: 1000)))
        var next = 0
        func append(_ count: Int) throws {
            for _ in 0..<count {
                next += 1
                try recorder.append(RunScratch.step(next))
            }
        }
        for _ in 0..<3 {
            try append(50)
            #expect(recorder.drain(within: 60).isEmpty)
            try disk.fill()
            // More than fits into what a page has left, so that a line is torn.
            try append(200)
            #expect(throws: RunLogError.self) { try recorder.flush() }
            #expect(recorder.drain(within: 0.1).code == ENOSPC)
            try disk.free()
        }
        recorder.update { $0.state = .finished }
        #expect(recorder.finish(within: 60).isEmpty)
        #expect(directory.steps.map(\.step) == Array(1...next))
        #expect(try directory.record().state == .finished)
        let index = MetricsIndex(directory)
        #expect(index.count == next)
        for position in 0..<index.count {
            #expect(directory.line(index[position]).flatMap { MetricsLine(line: $0) }?.step == position + 1)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can mount a small file system"))
    func whatADiskDoesNotTakeUntilTheEndIsReturned() throws {
        guard let disk = try SmallDisk(kilobytes: 512) else { return print("skipped: this machine lets nobody mount") }
        defer { disk.unmount() }
        let directory = try RunDirectory.create(runs: disk.path, name: "a")
        let recorder = RunRecorder(try RunWriter(directory, record: .sample(steps: 1000)))
        try disk.fill()
        for number in 1...500 { try recorder.append(RunScratch.step(number)) }
        recorder.update { $0.state = .finished }
        let backlog = recorder.finish(within: 0.5)
        #expect(backlog.waiting["run.json"] == 1 && (backlog.waiting["metrics.jsonl"] ?? 0) > 0 && backlog.code == ENOSPC)
        let sentence = backlog.missingSentence(in: "DIR")
        #expect(sentence.contains("run.json") && sentence.contains("of metrics.jsonl") && sentence.contains("No space left"), "\(sentence)")
        // What is there is whole, and the record of before is readable.
        let steps = directory.steps.map(\.step)
        #expect(steps == Array(1..<steps.count + 1) && TextFile.content(directory.metricsPath).allSatisfy { $0 != "\0" })
        #expect(try directory.record().state == .running)
    }
}
