import Foundation
import Glibc
import Platform
import TestSupport
import Testing

import RunLog

/// A recorder whose run another coordinator has taken over.
@Suite struct RecorderSuccessionTests {
    private struct Content: Equatable {
        let record, status: String
        let hasLog, hasTimeline: Bool

        init(_ directory: RunDirectory) {
            (record, status) = (TextFile.content(directory.recordPath), TextFile.content(directory.statusPath))
            hasLog = FileManager.default.fileExists(atPath: directory.logPath)
            hasTimeline = FileManager.default.fileExists(atPath: directory.timelinePath)
        }
    }

    private func status(_ step: Int) -> RunStatus { RunStatus(time: "", step: step, attempt: 0, imagesPerSecond: nil, processes: []) }

    /// What it has waits for no disk: it is dropped, and no file of the successor's is replaced, opened or made.
    @Test func aRecorderThatHasASuccessorStopsAndReplacesNothing() throws {
        let scratch = try RunScratch()
        let keeper = try RunLeaseKeeper(scratch.directory, times: RunLease.Times(limit: 0.4))
        let recorder = RunRecorder(try RunWriter(scratch.directory, record: .sample(), lease: keeper))
        let notices = Monitor(0)
        recorder.listen { _ in notices.update { $0 += 1 } }
        recorder.write(status(1))
        #expect(recorder.drain(within: 60).isEmpty)
        let sentence = Monitor<String?>(nil)
        keeper.onTakenOver { text in sentence.update { $0 = text } }
        let process = ProcessIdentity(boot: "another", namespace: "pid", number: 1, start: 1)
        let successor = LeaseRecord(fencing: 2, owner: "other", host: "far", process: process, lock: nil)
        try JSONEncoder().encode(successor).write(to: URL(fileURLWithPath: "\(scratch.directory.path)/lease.2"), options: .atomic)
        _ = try #require(sentence.wait(timeout: Deadline.usual) { $0 })

        let before = Content(scratch.directory)
        #expect(!before.hasLog && !before.hasTimeline)
        recorder.update { $0.state = .failed }
        recorder.write(status(2))
        try recorder.append(LogLine(time: "", uncertainty: nil, role: "worker", rank: 0, host: "a", level: .info, message: "late"))
        #expect(throws: RunLogError.self) { try recorder.keep(through: 0) }
        // Neither waits for as long as it might for a disk.
        #expect(!recorder.drain(within: 3600).waiting.isEmpty)
        #expect(throws: RunLogError.self) { try recorder.flush() }
        #expect(!recorder.finish(within: 3600).waiting.isEmpty)
        #expect(Content(scratch.directory) == before)
        #expect(notices.read { $0 } == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.directory.path)
        #expect(!names.contains { $0.hasSuffix(".partial") })
    }

    /// A lease that a full disk does not let this process renew is an error of the disk.
    @Test(.enabled(if: getuid() == 0, "only root can mount a small file system"))
    func aLeaseThatAFullDiskKeepsFromRenewalIsTriedAgain() throws {
        guard let disk = try SmallDisk(kilobytes: 512) else { return print("skipped: this machine lets nobody mount") }
        defer { disk.unmount() }
        let directory = try RunDirectory.create(runs: disk.path, name: "a")
        let keeper = try RunLeaseKeeper(directory, times: RunLease.Times(limit: 0.4))
        let recorder = RunRecorder(try RunWriter(directory, record: .sample(), lease: keeper))
        try disk.fill()
        try Deadline.wait(for: "the end of the confirmation") { (try? keeper.confirm()) == nil }
        recorder.update { $0.state = .finished }
        #expect(recorder.drain(within: 0.5).code == ENOSPC)
        #expect(try directory.record().state == .running)
        try disk.free()
        #expect(recorder.drain(within: 60).isEmpty)
        #expect(try directory.record().state == .finished && directory.recordedFencing == keeper.fencing)
    }
}
