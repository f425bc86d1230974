import Foundation
import Glibc
import Platform
import TestSupport
import Testing

import RunLog

/// Leases in a real directory.
@Suite struct RunLeaseKeeperTests {
    private let times = RunLease.Times(limit: 0.4)

    private func record(_ fencing: Int, process: ProcessIdentity, counter: Int = 3, isReleased: Bool = false) -> LeaseRecord {
        var record = LeaseRecord(fencing: fencing, owner: "other", host: "far", process: process, lock: nil)
        (record.counter, record.isReleased) = (counter, isReleased)
        return record
    }

    /// A process of which nothing can be known here.
    private var farProcess: ProcessIdentity { ProcessIdentity(boot: "another", namespace: "pid", number: 1, start: 1) }

    private func write(_ record: LeaseRecord, _ scratch: RunScratch) throws {
        try JSONEncoder().encode(record).write(
            to: URL(fileURLWithPath: "\(scratch.directory.path)/lease.\(record.fencing)"), options: .atomic)
    }

    private func leases(_ scratch: RunScratch) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.directory.path).filter { $0.hasPrefix("lease.") }.sorted()
    }

    @Test func aReleasedLeaseIsFollowedByTheNextNumber() throws {
        let scratch = try RunScratch()
        for number in 1...3 {
            let keeper = try RunLeaseKeeper(scratch.directory, times: times)
            #expect(keeper.fencing == number && keeper.succession == (number == 1 ? .first : .released))
            try keeper.confirm()
            keeper.release()
            #expect(throws: RunLogError.self) { try keeper.confirm() }
            // Nothing is left of the numbers before.
            #expect(try leases(scratch) == ["lease.\(number)"])
        }
    }

    @Test func aSecondCoordinatorIsRefusedWhileTheFirstLives() throws {
        let scratch = try RunScratch()
        let keeper = try RunLeaseKeeper(scratch.directory, times: times)
        let notices = Monitor(0)
        let error = #expect(throws: RunLogError.self) {
            try RunLeaseKeeper(scratch.directory, times: times) { _ in notices.update { $0 += 1 } }
        }
        #expect(error?.description.contains("process \(getpid())") == true)
        #expect(notices.read { $0 } == 1)
        try keeper.confirm()
        #expect(keeper.isHeld)
    }

    @Test func ofSeveralThatComeAtOnceOneHasTheLease() throws {
        let scratch = try RunScratch()
        let directory = scratch.directory
        let keepers = Monitor<[RunLeaseKeeper]>([])
        let refusals = Monitor(0)
        let threads = (0..<6).map { _ in
            ServiceThread(name: "coordinator") {
                do {
                    let keeper = try RunLeaseKeeper(directory, times: RunLease.Times(limit: 2))
                    keepers.update { $0.append(keeper) }
                } catch { refusals.update { $0 += 1 } }
            }
        }
        for thread in threads { thread.join() }
        #expect(keepers.read { $0.map(\.fencing) } == [1])
        #expect(refusals.read { $0 } == 5)
    }

    @Test func anEndedProcessIsSucceededAtOnce() throws {
        let scratch = try RunScratch()
        let own = ProcessIdentity.current
        // A process that had this one's number before it.
        let ended = ProcessIdentity(boot: own.boot, namespace: own.namespace, number: own.number, start: own.start &- 1)
        try write(record(4, process: ended), scratch)
        let keeper = try RunLeaseKeeper(scratch.directory, times: RunLease.Times(limit: 3600))
        #expect(keeper.fencing == 5 && keeper.succession == .ownerEnded)
    }

    @Test func aLeaseThatStandsStillIsTakenOverAndItsFilesAreNewOnes() throws {
        let scratch = try RunScratch()
        let directory = scratch.directory
        for path in directory.appendedPaths { try TextFile.append("old\n", to: path) }
        let descriptors = directory.appendedPaths.map { open($0, O_WRONLY | O_APPEND | O_CLOEXEC) }
        defer { for descriptor in descriptors { close(descriptor) } }
        try write(record(4, process: farProcess), scratch)
        var notices: [String] = []
        let keeper = try RunLeaseKeeper(directory, times: times) { notices.append($0) }
        #expect(keeper.fencing == 5 && keeper.succession == .stoodStill)
        #expect(notices.count == 1 && notices[0].contains("on far"))
        let writer = try RunWriter(directory, record: .sample(), lease: keeper)
        // The coordinator before continues.
        for descriptor in descriptors { #expect(Glibc.write(descriptor, "late\n", 5) == 5) }
        try writer.event("note", "new")
        for path in directory.appendedPaths { #expect(!TextFile.content(path).contains("late"), "\(path)") }
        #expect(TextFile.content(directory.eventsPath).hasPrefix("old\n{"))
        #expect(try directory.record().fencing == 5)
    }

    @Test func whatKilledCoordinatorsLeaveIsRemoved() throws {
        let scratch = try RunScratch()
        let partial = RunDirectory.partialPath(of: scratch.directory.recordPath, fencing: 4)
        for path in [partial, "\(scratch.directory.path)/lease.3.0a.partial", "\(scratch.directory.path)/notes.txt"] {
            try TextFile.append("{", to: path)
        }
        try write(record(4, process: farProcess, isReleased: true), scratch)
        let writer = try scratch.writer()
        #expect(writer.lease.fencing == 5)
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.directory.path)
        #expect(names.filter { $0.hasSuffix(".partial") } == [] && names.contains("notes.txt"))
    }

    @Test func aDamagedLeaseIsTakenOver() throws {
        for text in ["", "{", "[1]", "{\"fencing\":7}"] {
            let scratch = try RunScratch()
            try TextFile.append(text, to: "\(scratch.directory.path)/lease.7")
            try TextFile.append(text, to: "\(scratch.directory.path)/lease.12345678901234567890")
            try TextFile.append(text, to: "\(scratch.directory.path)/lease.x")
            let keeper = try RunLeaseKeeper(scratch.directory, floor: 9, times: times)
            #expect(keeper.fencing == 10 && keeper.succession == .stoodStill)
        }
    }

    @Test func aHolderThatFindsAHigherNumberSaysSoAndWritesNothingMore() throws {
        let scratch = try RunScratch()
        let keeper = try RunLeaseKeeper(scratch.directory, times: times)
        let writer = try RunWriter(scratch.directory, record: .sample(), lease: keeper)
        let sentence = Monitor<String?>(nil)
        keeper.onTakenOver { text in sentence.update { $0 = text } }
        try write(record(2, process: farProcess), scratch)
        let text = try #require(sentence.wait(timeout: Deadline.usual) { $0 })
        #expect(text.contains("another coordinator, on far, has taken over this run"))
        let before = TextFile.content(scratch.directory.recordPath)
        #expect(throws: RunLogError.self) { try writer.update { $0.steps = 99 } }
        #expect(TextFile.content(scratch.directory.recordPath) == before)
        #expect(!keeper.isHeld)
        // Nor does it give back what it has no more.
        try FileManager.default.removeItem(atPath: "\(scratch.directory.path)/lease.1")
        keeper.release()
        #expect(try leases(scratch) == ["lease.2"])
        // One who listens late hears it too.
        let late = Monitor<String?>(nil)
        keeper.onTakenOver { text in late.update { $0 = text } }
        #expect(late.read { $0 } == text)
    }

    @Test func aLeaseThatCannotBeRenewedIsAnErrorOnceItHasExpired() throws {
        let scratch = try RunScratch()
        let keeper = try RunLeaseKeeper(scratch.directory, times: times)
        try FileManager.default.removeItem(atPath: scratch.directory.path)
        try Deadline.wait(for: "the end of the confirmation") { (try? keeper.confirm()) == nil }
        #expect(keeper.isHeld)
    }

    @Test func checkpointsOfASuccessorAreNewerThanLaterOnesOfThoseBefore() throws {
        let scratch = try RunScratch()
        for (step, fencing) in [(100, 1), (300, 1), (200, 2), (50, nil)] as [(Int, Int?)] {
            let path = scratch.directory.checkpointPath(step: step)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try TextFile.append(fencing.map { "{\"fencing\":\($0)}" } ?? "{}", to: path + "/state.json")
        }
        #expect(scratch.directory.checkpointsByFencing().map(\.step) == [50, 100, 300, 200])
        #expect(scratch.directory.checkpoints().map(\.step) == [50, 100, 200, 300])
        scratch.directory.removeCheckpoints(keeping: 1)
        #expect(scratch.directory.checkpoints().map(\.step) == [200])
    }

    @Test func theNumberOfTheRecordIsNotUsedAgain() throws {
        let scratch = try RunScratch()
        for number in 1...3 {
            _ = try scratch.writer()
            #expect(scratch.directory.recordedFencing == number)
            try FileManager.default.removeItem(atPath: "\(scratch.directory.path)/lease.\(number)")
        }
    }
}
