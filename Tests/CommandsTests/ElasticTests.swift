import Foundation
import Glibc
import RunLog
import Testing

/// Workers join and leave between steps: the run goes on, and its lines are those of one that nobody touched.
@Suite(.serialized) struct ElasticTests {
    private static let network = ["--preset", "cifar10", "--columns", "4"]
    private static let settings = ["batch=16", "slices=2", "optimizer.learning_rate=0.001", "augmentation.color=on"]

    /// A run that is stopped when all has happened that a test is about, however fast the machine is.
    private func options(_ data: String, steps: Int = 1_000_000, _ settings: [String] = ["validation.every=0", "checkpoint.every=0"]) -> [String] {
        ["--data", data, "--steps", "\(steps)"] + Self.network + ["--set"] + Self.settings + settings
    }

    /// Stops a run and waits for all of its processes.
    private func stop(_ run: RunByHand) throws {
        #expect(try run.runner.run("runs", "stop", run.name).code == 0)
        #expect(run.end() == 0)
    }

    /// Every step has one line, in their order, and each is that of a run that nobody touched.
    /// - Parameter options: the run's, with other steps.
    private func expectUntouched(_ run: RunByHand, _ options: (Int) -> [String], isWithoutLoss: Bool = true) throws {
        let steps = run.steps
        #expect(steps.map(\.step) == Array(1...steps.count))
        let whole = try RunByHand(run.runner, "whole", options(steps.count) + ["--workers", "1"])
        try whole.start()
        #expect(whole.end() == 0)
        #expect(steps.map(\.digest) == whole.steps.map(\.digest))
        #expect(run.validations == whole.validations)
        #expect(run.events("lost").isEmpty == isWithoutLoss && run.events("hold").isEmpty == isWithoutLoss)
    }

    @Test func aRunGoesThroughLayoutsAndKeepsItsBits() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "1"])
        for _ in 0..<4 { try run.start() }
        for (count, (workers, replicas)) in [(2, nil), (4, nil), (4, 2), (2, 2), (1, nil)].enumerated() {
            run.train(3)
            let answer = try run.resize(workers, replicas)
            #expect(answer.code == 0, "\(answer.errors)")
            run.wait(for: "layout", count + 1)
            let record = try run.directory.record()
            #expect(record.workers == workers && record.plan?.columns.count == workers && record.replicas == (replicas == 2 ? 2 : nil))
            #expect(record.processes.filter { $0.role == "worker" }.map(\.rank) == Array(0..<workers))
        }
        run.train(3)
        let shown = try runner.run("runs", "show", "a")
        #expect(shown.code == 0, "\(shown.errors)")
        try stop(run)
        #expect(run.peers.allSatisfy { $0.terminationStatus == 0 })
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.events("layout").map { $0.facts["workers"] } == ["2", "4", "4", "2", "1"])
        #expect(run.events("layout").map { $0.facts["replicas"] } == ["1", "1", "2", "2", "1"])
        try PythonCheck.run("check_schemas", [run.directory.path, "layout", "spare", "command"])
    }

    @Test func aWorkerThatIsToldToEndIsReplacedByASpare() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2"])
        let (first, output, _) = try runner.start(["worker", "--coordinator", run.address])
        run.wait(for: "joined", 2)
        try run.start()
        try run.start()
        run.train(5)
        first.terminate()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        first.waitUntilExit()
        #expect(first.terminationStatus == 0)
        #expect(said.contains("left the run after step"), "\(said)")
        run.wait(for: "layout", 1)
        run.train(3)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.events("layout").map { $0.facts["workers"] } == ["2"])
        try PythonCheck.run("check_schemas", [run.directory.path, "layout", "leaving", "left"])
    }

    /// With a validation and a checkpoint after every step: whenever it is told, one of them is under way.
    @Test func workersLeaveOneByOneDuringValidationsAndCheckpointsAndTheLastStopsTheRun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let settings = ["validation.every=1", "checkpoint.every=1", "checkpoint.keep=3"]
        let run = try RunByHand(runner, "a", options(data, settings) + ["--workers", "4", "--replicas", "2", "--stopped-exit-code", "80"])
        for _ in 0..<4 { try run.start("worker", ["--left-exit-code", "81", "--stopped-exit-code", "80"]) }
        for (index, worker) in run.peers.enumerated() {
            run.train(3)
            worker.terminate()
            if index < 3 { worker.waitUntilExit() }
        }
        #expect(run.end() == 80)
        #expect(run.peers.map(\.terminationStatus).sorted() == [80, 81, 81, 81])
        #expect(try run.directory.record().state == .interrupted)
        #expect(run.events("layout").map { $0.facts["workers"] } == ["3", "2", "1"])
        let again = try runner.run("train", "--resume", "runs/a", "--steps", "\(run.steps.count + 3)")
        #expect(again.code == 0, "\(again.errors)")
        try expectUntouched(run) { options(data, steps: $0, settings) }
    }

    /// Killed as it says its first word in the new layout.
    @Test func aWorkerThatIsKilledInTheMiddleOfAChangeCostsNoBit() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2"])
        for _ in 0..<2 {
            try run.start(environment: ["COLONNADE_FAULTS": #"[{"process":"worker-1","kind":"kill","frame":"control","number":1,"attempt":1}]"#])
        }
        run.train(1)
        for _ in 0..<2 { try run.start() }
        run.wait(for: "spare", 2)
        run.train(3)
        #expect(try run.resize(4).code == 0)
        run.wait(for: "lost", 1)
        try run.start()
        run.wait(for: "recovered", 1)
        run.train(3)
        try stop(run)
        try expectUntouched(run, { options(data, steps: $0) }, isWithoutLoss: false)
        #expect(try run.directory.record().workers == 4)
        #expect(run.peers.map(\.terminationStatus).sorted() == [0, 0, 0, 0, 9])
    }

    @Test func whatIsImpossibleIsRefusedWithWhatIsNot() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2"])
        for _ in 0..<2 { try run.start() }
        run.train(1)
        for (workers, replicas, words) in [
            (5, nil, "legal are 1 to 4 workers; 2, 4, 6 or 8 in 2 replicas"), (3, 2, "3 workers in 2 replicas cannot share this run"),
            (4, nil, "4 workers are asked for and 2 are there (2 in the run, 0 waiting): start 2 more"), (2, nil, "2 workers already"),
        ] as [(Int, Int?, String)] {
            let answer = try run.resize(workers, replicas)
            #expect(answer.code == 69 && answer.errors.contains(words), "\(answer.errors)")
        }
        #expect(try runner.run("runs", "resize", "a", "--workers", "0").code == 64)
        #expect(try runner.run("runs", "stop", "a").code == 0)
        #expect(run.end() == 0)
        #expect(run.events("layout").isEmpty)
        #expect(try runner.run("runs", "resize", "a", "--workers", "1").errors.contains("has ended"))
    }

    @Test func anElasticRunTakesInWhoJoins() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "1", "--elastic", "--elastic-interval", "0.2"])
        try run.start()
        run.train(3)
        for _ in 0..<2 { try run.start() }
        while run.coordinator.isRunning, try run.directory.record().workers < 3 { usleep(10_000) }
        run.train(3)
        let leaver = run.peers[1]
        leaver.terminate()
        leaver.waitUntilExit()
        #expect(leaver.terminationStatus == 0)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(try run.directory.record().workers == 2)
    }

    /// As one that is restarted by its scheduler.
    @Test func aWorkerThatComesBackIsTakenInAgain() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2", "--elastic-interval", "0.2"])
        for _ in 0..<2 { try run.start() }
        run.train(3)
        run.peers[1].terminate()
        run.wait(for: "layout", 1)
        // A third is more than was asked for.
        for _ in 0..<2 { try run.start() }
        run.wait(for: "layout", 2)
        run.train(3)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.events("layout").map { $0.facts["workers"] } == ["1", "2"])
    }

    /// A store of its own takes its columns to the other before it ends.
    @Test func aStoreThatIsToldToEndHandsItsColumnsOver() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2", "--store", "process", "--stores", "2"])
        let stores = try (0..<2).map { _ in try run.start("store") }
        for _ in 0..<2 { try run.start() }
        run.train(3)
        // Of two stores on one host the first keeps everything.
        for store in stores.prefix(1) {
            store.terminate()
            store.waitUntilExit()
            #expect(store.terminationStatus == 0)
        }
        run.train(3)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.events("left").map { $0.facts["role"] } == ["store"])
        // The only one that is left has nowhere to take them.
        let alone = try RunByHand(runner, "b", options(data) + ["--workers", "1", "--store", "process"])
        let store = try alone.start("store")
        try alone.start()
        alone.train(2)
        store.terminate()
        #expect(alone.end() == 0)
        #expect(try alone.directory.record().state == .interrupted)
        #expect(!alone.directory.checkpoints().isEmpty)
    }

    /// A host's first worker takes its store along; another worker of the host then starts one.
    @Test func aHostThatIsTakenAwayHandsItsColumnsOver() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "1"])
        try run.start()
        run.wait(for: "joined", 2)
        guard let host = try run.startHost() else { return print("skipped: this system allows no process namespaces") }
        run.wait(for: "spare", 1)
        #expect(try run.resize(2).code == 0)
        run.wait(for: "layout", 1)
        run.train(3)
        kill(host.worker, SIGTERM)
        host.outside.waitUntilExit()
        #expect(host.outside.terminationStatus == 0)
        run.train(3)
        guard let other = try run.startHost() else { return }
        run.wait(for: "spare", 2)
        // And the coordinator's own host, whose store stays and gives its columns to the new one.
        run.peers[0].terminate()
        run.peers[0].waitUntilExit()
        #expect(run.peers[0].terminationStatus == 0)
        run.train(3)
        #expect(other.outside.isRunning || !run.coordinator.isRunning)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.events("left").map { $0.facts["role"] }.sorted { $0! < $1! } == ["store", "worker", "worker"])
    }

    @Test func aSecondSignalEndsAtOnceAndAnotherTakesThePlace() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2"])
        for _ in 0..<2 { try run.start() }
        run.train(2)
        let first = run.peers[0]
        for _ in 0..<200 where first.isRunning {
            kill(first.processIdentifier, SIGTERM)
            kill(first.processIdentifier, SIGINT)
        }
        first.waitUntilExit()
        // Released before the second was heard, on a machine that is fast enough.
        #expect([0, 128 + SIGINT, 128 + SIGTERM].contains(first.terminationStatus))
        // The coordinator may not have heard that it was leaving: then it is a loss.
        try run.start()
        run.train(3)
        run.coordinator.terminate()
        #expect(run.end() == 0)
    }
}
