import Foundation
import Glibc
import RunLog
import TestSupport
import Testing

/// A run has one coordinator, whatever others are started and whenever they go on.
@Suite(.serialized) struct SuccessionTests {
    /// The way by which two coordinators reach the directory of runs.
    enum Access: CaseIterable {
        case onePath
        /// By two mounts of a file system in user space, over which locks of one are not seen by the other.
        case twoMounts
    }

    private let lease = ["--lease-limit", "1.5", "--patience", "1"]

    private func training(_ data: String, steps: Int) -> [String] {
        [
            "--preset", "cifar10", "--data", data, "--steps", "\(steps)", "--set", "batch=16", "optimizer.learning_rate=0.001",
            "checkpoint.every=10", "validation.every=0",
        ]
    }

    /// Calls `body` with the directory of runs by the path of each coordinator.
    private func with(_ access: Access, _ runner: CommandRunner, _ body: (_ first: String, _ second: String) throws -> Void) throws {
        guard access == .twoMounts else { return try body("runs", "runs") }
        try FileManager.default.createDirectory(atPath: runner.path("runs"), withIntermediateDirectories: true)
        var mounts: [MirroredFolder] = []
        defer { for mount in mounts { mount.remove() } }
        for name in ["first", "second"] {
            guard let mount = try MirroredFolder(of: runner.path("runs"), at: runner.path(name)) else {
                return print("skipped: no file system can be mounted with bindfs here")
            }
            mounts.append(mount)
        }
        try body(mounts[0].path, mounts[1].path)
    }

    /// Returns the content of every file of a run.
    private func content(of run: RunDirectory) throws -> [String: Data] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: run.path)
        return Dictionary(
            uniqueKeysWithValues: names.map { ($0, FileManager.default.contents(atPath: "\(run.path)/\($0)") ?? Data()) })
    }

    @Test(arguments: Access.allCases) func ofTwoCoordinatorsThatAreStartedAtOnceOneTrains(access: Access) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        try with(access, runner) { first, second in
            #expect(try runner.run(["train", "--runs", first, "--name", "a"] + training(data, steps: 6)).code == 0)
            let run = runner.runDirectory("a")
            let rivals = try [first, second].map {
                try runner.start(["coordinator", "--runs", $0, "--resume", "\($0)/a", "--steps", "12", "--workers", "1"] + lease)
            }
            try Deadline.wait(for: "the end of one of them") { rivals.contains { !$0.isRunning } }
            let loser = try #require(rivals.first { !$0.isRunning })
            let winner = try #require(rivals.first { $0.isRunning }, "\(rivals.map(\.errors))")
            #expect(loser.terminationStatus == 66)
            #expect(loser.errors.contains("another coordinator"), "\(loser.errors)")
            try winner.wait(forOutput: " listens on ")
            var address: String?
            try winner.wait(for: "its address") {
                address = try? run.record().coordinator
                return address != nil
            }
            try runner.start(["worker", "--coordinator", try #require(address)])
            try winner.waitUntilExit()
            #expect(winner.terminationStatus == 0, "\(winner.errors)")
            #expect(run.steps.map(\.step) == Array(1...12))
            #expect(try run.record().fencing == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.path).filter { $0.hasPrefix("lease") } == ["lease.2"])
        }
    }

    @Test(arguments: Access.allCases) func aStoppedCoordinatorWritesNothingOnceItHasASuccessor(access: Access) throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run(["train", "--name", "whole"] + training(data, steps: 60)).code == 0)
        try with(access, runner) { first, second in
            let run = try RunByHand(runner, "a", ["--runs", first, "--workers", "1"] + training(data, steps: 60) + lease)
            try run.start()
            try run.train(25)
            run.coordinator.send(SIGSTOP)
            let next = try runner.startListening(["coordinator", "--runs", second, "--resume", "\(second)/a"] + lease)
            try runner.start(["worker", "--coordinator", next.address])
            try next.process.waitUntilExit()
            #expect(next.process.terminationStatus == 0, "\(next.process.errors)")
            #expect(next.process.errors.contains("no sign of life"))
            let record = try run.directory.record()
            #expect(record.state == .finished && record.fencing == 2)
            #expect(run.directory.digests == runner.runDirectory("whole").digests)

            let before = try content(of: run.directory)
            run.coordinator.send(SIGCONT)
            try run.coordinator.waitUntilExit()
            #expect(run.coordinator.terminationStatus == 66)
            #expect(run.coordinator.errors.contains("has taken over this run"), "\(run.coordinator.errors)")
            let after = try content(of: run.directory)
            #expect(before.keys.sorted() == after.keys.sorted())
            #expect(before.filter { after[$0.key] != $0.value }.keys.sorted() == [])
        }
    }

    /// A supervisor that starts the coordinator again does not wait for a lease.
    @Test func aKilledCoordinatorIsSucceededAtOnce() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let limit = ["--lease-limit", "3600"]
        let run = try RunByHand(runner, "a", ["--workers", "1"] + training(data, steps: 30) + limit)
        try run.start()
        try run.train(15)
        run.coordinator.send(SIGKILL)
        try run.coordinator.waitUntilExit()
        let next = try runner.startListening(["coordinator", "--resume", "runs/a"] + limit)
        try runner.start(["worker", "--coordinator", next.address])
        try next.process.waitUntilExit()
        #expect(next.process.terminationStatus == 0, "\(next.process.errors)")
        #expect(run.directory.steps.map(\.step) == Array(1...30))
        #expect(try run.directory.record().fencing == 2)
        struct State: Decodable { let step, fencing: Int }
        let last = try #require(run.directory.checkpointsByFencing().last)
        let state = try JSONDecoder().decode(State.self, from: Data(contentsOf: URL(fileURLWithPath: "\(last.path)/state.json")))
        #expect(state.step == 30 && state.fencing == 2)
    }
}
