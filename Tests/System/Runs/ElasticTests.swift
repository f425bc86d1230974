import Glibc
import RunLog
import TestSupport
import Testing

/// Workers join and leave between steps. The run continues and gives the same results as a run without changes.
@Suite(.serialized) struct ElasticTests {
    private static let network = ["--preset", "cifar10", "--columns", "4"]
    private static let settings = ["batch=16", "slices=2", "optimizer.learning_rate=0.001", "augmentation.color=on"]

    /// The options of a run that does not end by itself, so that the speed of the machine does not matter.
    private func options(_ data: String, steps: Int = 1_000_000, _ settings: [String] = ["validation.every=0", "checkpoint.every=0"])
        -> [String]
    {
        ["--data", data, "--steps", "\(steps)"] + Self.network + ["--set"] + Self.settings + settings
    }

    /// Stops a run and waits for all of its processes.
    private func stop(_ run: RunByHand) throws {
        #expect(try run.runner.run("runs", "stop", run.name).code == 0)
        #expect(try run.end() == 0)
    }

    /// Expects one line for every step, in order, and the same results as of a run without changes.
    /// - Parameters:
    ///   - options: returns the options of the run for a number of steps.
    ///   - isWithoutLoss: whether no process may have been lost.
    private func expectUntouched(_ run: RunByHand, _ options: (Int) -> [String], isWithoutLoss: Bool = true) throws {
        let steps = run.directory.steps
        #expect(steps.map(\.step) == Array(1...steps.count))
        let whole = try RunByHand(run.runner, "whole", options(steps.count) + ["--workers", "1"])
        try whole.start()
        #expect(try whole.end() == 0)
        #expect(steps.map(\.digest) == whole.directory.steps.map(\.digest))
        #expect(run.directory.validations == whole.directory.validations)
        #expect(run.directory.events("lost").isEmpty == isWithoutLoss && run.directory.events("hold").isEmpty == isWithoutLoss)
    }

    @Test func changesOfLayoutChangeNoDigest() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "1"])
        for _ in 0..<4 { try run.start() }
        for (count, (workers, replicas)) in [(2, nil), (4, nil), (4, 2), (2, 2), (1, nil)].enumerated() {
            try run.train(3)
            let answer = try run.resize(workers, replicas)
            #expect(answer.code == 0, "\(answer.errors)")
            try run.wait(for: "layout", count + 1)
            let record = try run.directory.record()
            #expect(record.workers == workers && record.plan?.columns.count == workers && record.replicas == (replicas == 2 ? 2 : nil))
            #expect(record.processes.filter { $0.role == "worker" }.map(\.rank) == Array(0..<workers))
        }
        try run.train(3)
        let shown = try runner.run("runs", "show", "a")
        #expect(shown.code == 0, "\(shown.errors)")
        try stop(run)
        #expect(run.peers.allSatisfy { $0.terminationStatus == 0 })
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.directory.events("layout").map { $0.facts["workers"] } == ["2", "4", "4", "2", "1"])
        #expect(run.directory.events("layout").map { $0.facts["replicas"] } == ["1", "1", "2", "2", "1"])
        try PythonCheck.run("check_schemas", [run.directory.path, "layout", "spare", "command"])
    }

    @Test func aTerminatedWorkerIsReplacedByASpare() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2"])
        let first = try run.start()
        try run.wait(for: "joined", 2)
        try run.start()
        try run.start()
        try run.train(5)
        first.terminate()
        try first.waitUntilExit()
        #expect(first.terminationStatus == 0)
        #expect(first.output.contains("left the run after step"), "\(first.output)")
        try run.wait(for: "layout", 1)
        try run.train(3)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.directory.events("layout").map { $0.facts["workers"] } == ["2"])
        try PythonCheck.run("check_schemas", [run.directory.path, "layout", "leaving", "left"])
    }

    /// After every step there are a validation and a checkpoint, so one of them is in progress whenever a worker leaves.
    @Test func workersCanLeaveDuringValidationsAndCheckpointsAndTheLastOneStopsTheRun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let settings = ["validation.every=1", "checkpoint.every=1", "checkpoint.keep=3"]
        let run = try RunByHand(runner, "a", options(data, settings) + ["--workers", "4", "--replicas", "2", "--stopped-exit-code", "80"])
        for _ in 0..<4 { try run.start("worker", ["--left-exit-code", "81", "--stopped-exit-code", "80"]) }
        for (index, worker) in run.peers.enumerated() {
            try run.train(3)
            worker.terminate()
            if index < 3 { try worker.waitUntilExit() }
        }
        #expect(try run.end() == 80)
        #expect(run.peers.map(\.terminationStatus).sorted() == [80, 81, 81, 81])
        #expect(try run.directory.record().state == .interrupted)
        #expect(run.directory.events("layout").map { $0.facts["workers"] } == ["3", "2", "1"])
        let again = try runner.run("train", "--resume", "runs/a", "--steps", "\(run.directory.steps.count + 3)")
        #expect(again.code == 0, "\(again.errors)")
        try expectUntouched(run) { options(data, steps: $0, settings) }
    }

    /// The worker is killed when it sends its first message in the new layout.
    @Test func aWorkerThatIsKilledDuringAChangeOfLayoutChangesNoDigest() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2"])
        for _ in 0..<2 {
            try run.start(environment: [
                "COLONNADE_FAULTS": #"[{"process":"worker-1","kind":"kill","frame":"control","number":1,"attempt":1}]"#
            ])
        }
        try run.train(1)
        for _ in 0..<2 { try run.start() }
        try run.wait(for: "spare", 2)
        try run.train(3)
        #expect(try run.resize(4).code == 0)
        try run.wait(for: "lost", 1)
        try run.start()
        try run.wait(for: "recovered", 1)
        try run.train(3)
        try stop(run)
        try expectUntouched(run, { options(data, steps: $0) }, isWithoutLoss: false)
        #expect(try run.directory.record().workers == 4)
        #expect(run.peers.map(\.terminationStatus).sorted() == [0, 0, 0, 0, 9])
    }

    @Test func impossibleLayoutsAreRefusedWithThePossibleOnes() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2"])
        for _ in 0..<2 { try run.start() }
        try run.train(1)
        for (workers, replicas, words) in [
            (5, nil, "legal are 1 to 4 workers; 2, 4, 6 or 8 in 2 replicas"), (3, 2, "3 workers in 2 replicas cannot share this run"),
            (4, nil, "4 workers are asked for and 2 are there (2 in the run, 0 waiting): start 2 more"), (2, nil, "2 workers already"),
        ] as [(Int, Int?, String)] {
            let answer = try run.resize(workers, replicas)
            #expect(answer.code == 69 && answer.errors.contains(words), "\(answer.errors)")
        }
        #expect(try runner.run("runs", "resize", "a", "--workers", "0").code == 64)
        #expect(try runner.run("runs", "stop", "a").code == 0)
        #expect(try run.end() == 0)
        #expect(run.directory.events("layout").isEmpty)
        #expect(try runner.run("runs", "resize", "a", "--workers", "1").errors.contains("has ended"))
    }

    @Test func anElasticRunGrowsWhenWorkersJoin() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "1", "--elastic", "--elastic-interval", "0.2"])
        try run.start()
        try run.train(3)
        for _ in 0..<2 { try run.start() }
        try run.coordinator.wait(for: "three workers", every: 10_000) { try run.directory.record().workers >= 3 }
        try run.train(3)
        let leaver = run.peers[1]
        leaver.terminate()
        try leaver.waitUntilExit()
        #expect(leaver.terminationStatus == 0)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(try run.directory.record().workers == 2)
    }

    /// Like a worker that a scheduler starts again.
    @Test func aWorkerThatReturnsRejoinsTheRun() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2", "--elastic-interval", "0.2"])
        for _ in 0..<2 { try run.start() }
        try run.train(3)
        run.peers[1].terminate()
        try run.wait(for: "layout", 1)
        // A third worker is more than the run asks for.
        for _ in 0..<2 { try run.start() }
        try run.wait(for: "layout", 2)
        try run.train(3)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.directory.events("layout").map { $0.facts["workers"] } == ["1", "2"])
    }

    /// A store process hands its columns to another one before it ends.
    @Test func aTerminatedStoreHandsItsColumnsOver() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2", "--store", "process", "--stores", "2"])
        let stores = try (0..<2).map { _ in try run.start("store") }
        for _ in 0..<2 { try run.start() }
        try run.train(3)
        // Of two stores on one host, the first keeps everything.
        for store in stores.prefix(1) {
            store.terminate()
            try store.waitUntilExit()
            #expect(store.terminationStatus == 0)
        }
        try run.train(3)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.directory.events("left").map { $0.facts["role"] } == ["store"])
        // The only store has nowhere to hand them over to.
        let alone = try RunByHand(runner, "b", options(data) + ["--workers", "1", "--store", "process"])
        let store = try alone.start("store")
        try alone.start()
        try alone.train(2)
        store.terminate()
        #expect(try alone.end() == 0)
        #expect(try alone.directory.record().state == .interrupted)
        #expect(!alone.directory.checkpoints().isEmpty)
    }

    /// A host's store ends with the worker that started it. Another worker of the host then starts one.
    @Test func aRemovedHostHandsItsColumnsOver() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "1"])
        try run.start()
        try run.wait(for: "joined", 2)
        guard let host = try run.startHost() else { return print("skipped: this system allows no process namespaces") }
        try run.wait(for: "spare", 1)
        #expect(try run.resize(2).code == 0)
        try run.wait(for: "layout", 1)
        try run.train(3)
        kill(host.worker, SIGTERM)
        try host.outside.waitUntilExit()
        #expect(host.outside.terminationStatus == 0)
        try run.train(3)
        guard let other = try run.startHost() else { return }
        try run.wait(for: "spare", 2)
        // On the coordinator's host, the store stays and hands its columns to the new host.
        run.peers[0].terminate()
        try run.peers[0].waitUntilExit()
        #expect(run.peers[0].terminationStatus == 0)
        try run.train(3)
        #expect(other.outside.isRunning || !run.coordinator.isRunning)
        try stop(run)
        try expectUntouched(run) { options(data, steps: $0) }
        #expect(run.directory.events("left").map { $0.facts["role"] }.sorted { $0! < $1! } == ["store", "worker", "worker"])
    }

    @Test func aSecondSignalEndsAWorkerAtOnceAndAnotherTakesItsPlace() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let run = try RunByHand(runner, "a", options(data) + ["--workers", "2"])
        for _ in 0..<2 { try run.start() }
        try run.train(2)
        let first = run.peers[0]
        for _ in 0..<200 where first.isRunning {
            first.send(SIGTERM)
            first.send(SIGINT)
        }
        try first.waitUntilExit()
        // The code is 0 if the worker ended before it received the second signal.
        #expect([0, 128 + SIGINT, 128 + SIGTERM].contains(first.terminationStatus))
        // If the coordinator has not heard that the worker leaves, it counts as lost.
        try run.start()
        try run.train(3)
        run.coordinator.terminate()
        #expect(try run.end() == 0)
    }
}
