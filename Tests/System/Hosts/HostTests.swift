import Glibc
import RunLog
import TestSupport
import Testing

/// Runs over several hosts with real links between them. They are skipped if the system does not allow network namespaces.
@Suite(.serialized) struct HostTests {
    private static let skipped = "skipped: this system allows no network namespaces"

    /// A run whose processes are on several hosts, the coordinator on the first.
    private struct Run {
        let runner: CommandRunner
        let hosts: NetworkHosts
        let name: String
        let security: [String]
        let coordinator: StartedProcess

        init(_ runner: CommandRunner, _ hosts: NetworkHosts, _ name: String, security: [String] = ["--insecure"], _ options: [String])
            throws
        {
            (self.runner, self.hosts, self.name, self.security) = (runner, hosts, name, security)
            coordinator = try hosts.start(
                runner, on: 0, ["coordinator", "--listen", "\(NetworkHosts.address(0)):7070", "--name", name] + security + options)
        }

        func start(_ role: String, on host: Int) throws -> StartedProcess {
            try hosts.start(runner, on: host, [role, "--coordinator", "\(NetworkHosts.address(0)):7070"] + security)
        }

        var directory: RunDirectory { runner.runDirectory(name) }

        /// Returns the line of the first event of a kind.
        func event(_ kind: String) -> String? { directory.eventLines(kind).first }

        /// Waits until so many steps are done or the coordinator has ended.
        func wait(steps: Int) throws { try coordinator.wait(for: "step \(steps)") { directory.steps.count >= steps } }

        /// Waits until all processes have ended without an error.
        func finish(_ others: [StartedProcess]) throws {
            for process in [coordinator] + others {
                try process.waitUntilExit()
                #expect(process.terminationStatus == 0)
            }
        }
    }

    private func digests(_ runner: CommandRunner, _ name: String, _ options: [String]) throws -> [String] {
        let result = try runner.run(["train", "--name", name] + options)
        #expect(result.code == 0, "\(result.errors)")
        return runner.runDirectory(name).digests
    }

    /// Each host has a shard of the store, so parameters stay where they are used.
    @Test(arguments: ["precision=fp32", "precision=bf16", "exchange.activations=bf16"])
    func twoHostsWithAStoreEachGiveTheSameDigestsAsOne(setting: String) throws {
        guard let hosts = NetworkHosts(2) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--preset", "cifar10", "--data", data, "--steps", "12", "--set", "batch=16", setting]
        let whole = try runner.run(["train", "--name", "one"] + options)
        guard whole.code == 0 || setting != "precision=bf16" else { return print("skipped: this processor has no 16-bit kernels") }
        let one = runner.runDirectory("one").digests
        let run = try Run(runner, hosts, "two", options)
        try run.finish([0, 1].map { try run.start("worker", on: $0) })
        #expect(run.directory.digests == one && one.count == 12)
        let stores = try run.directory.record().processes.filter { $0.role == "store" }
        #expect(stores.count == 2)
        #expect(Set(stores.map { $0.address.split(separator: ":")[0] }) == ["10.78.0.1", "10.78.0.2"])
        // A checkpoint is gathered from both.
        #expect(try runner.run("evaluate", "--checkpoint", "runs/two/checkpoints/step-00000012", "--data", data).code == 0)
    }

    /// Encrypted, with coordinator, store and workers on four hosts. Hosts have other addresses too, at which nothing may listen.
    @Test func eachRoleListensOnItsOwnAddressOnly() throws {
        guard let hosts = NetworkHosts(4) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let options = ["--preset", "cifar10", "--data", try runner.makeData(), "--steps", "60", "--set", "batch=16", "checkpoint.every=20"]
        let one = try digests(runner, "one", options)
        #expect(try runner.run("certificates", "create", "certificates").code == 0)
        let run = try Run(runner, hosts, "four", security: ["--certificates", "certificates"], options + ["--store", "process"])
        let others = [try run.start("store", on: 1)] + (try [2, 3].map { try run.start("worker", on: $0) })
        try run.wait(steps: 5)
        let listening = (0..<4).map { hosts.listening(on: $0) }
        #expect(run.coordinator.isRunning)
        #expect(listening[0] == ["10.78.0.1:7070"])
        // The store has one port, and so has each worker for the others.
        for host in 1...3 {
            #expect(
                listening[host].count == 1 && listening[host].allSatisfy { $0.hasPrefix("\(NetworkHosts.address(host)):") },
                "\(listening[host])")
        }
        try run.finish(others)
        #expect(run.directory.digests == one && one.count == 60)
        let addresses = try run.directory.record().processes.map { $0.address.split(separator: ":")[0] }
        #expect(Set(addresses) == ["10.78.0.2", "10.78.0.3", "10.78.0.4"])
    }

    /// Two columns in two replicas, with each worker on its own host: each host stores some blocks of its column, and workers register with
    /// two stores.
    @Test(arguments: ["exchange.gradients=fp32", "exchange.gradients=bf16"])
    func replicasOnFourHostsGiveTheSameDigestsAsOne(setting: String) throws {
        guard let hosts = NetworkHosts(4) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--preset", "cifar10", "--data", data, "--steps", "12", "--set", "batch=16", "slices=2", setting]
        let one = try digests(runner, "one", options + ["--workers", "1"])
        let run = try Run(runner, hosts, "four", options + ["--workers", "4", "--replicas", "2"])
        try run.finish((0..<4).map { try run.start("worker", on: $0) })
        #expect(run.directory.digests == one && one.count == 12)
        let stores = try run.directory.record().processes.filter { $0.role == "store" }
        #expect(stores.count == 4)
        #expect(try runner.run("evaluate", "--checkpoint", "runs/four/checkpoints/step-00000012", "--data", data).code == 0)
        // A run on four hosts can be resumed on one.
        #expect(try runner.run("train", "--resume", "runs/four", "--steps", "14", "--workers", "1", "--replicas", "1").code == 0)
        let longer = options.map { $0 == "12" ? "14" : $0 }
        #expect(try run.directory.digests == digests(runner, "longer", longer + ["--workers", "1"]))
    }

    /// The workers of a replica are on one host if possible, because they exchange activations all the time.
    @Test func workersThatJoinInTurnsAreGroupedByHost() throws {
        guard let hosts = NetworkHosts(2) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let options = ["--preset", "cifar10", "--data", try runner.makeData(), "--steps", "8", "--set", "batch=16", "slices=2"]
        let one = try digests(runner, "one", options + ["--workers", "1"])
        let run = try Run(runner, hosts, "two", options + ["--workers", "4", "--replicas", "2"])
        var workers: [StartedProcess] = []
        for host in [0, 1, 0, 1] {
            workers.append(try run.start("worker", on: host))
            let joined = workers.count
            try run.coordinator.wait(for: "worker \(joined)") {
                ((try? run.directory.record())?.processes.count { $0.role == "worker" } ?? 0) >= joined
            }
        }
        try run.finish(workers)
        #expect(run.directory.digests == one && one.count == 8)
        let places = try run.directory.record().processes.filter { $0.role == "worker" }.sorted { $0.rank < $1.rank }
            .map { String($0.address.split(separator: ":")[0]) }
        #expect(places == ["10.78.0.1", "10.78.0.1", "10.78.0.2", "10.78.0.2"])
        #expect(run.event("grouped") != nil)
    }

    @Test func aSlowLinkAndAShortInterruptionChangeNoDigest() throws {
        guard let hosts = NetworkHosts(4) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let options = [
            "--preset", "cifar10", "--data", try runner.makeData(), "--steps", "60", "--set", "batch=16", "checkpoint.every=0", "slices=2",
        ]
        let one = try digests(runner, "one", options + ["--workers", "1"])
        // Changes of links may take long on a busy machine.
        let run = try Run(runner, hosts, "slow", options + ["--workers", "4", "--replicas", "2", "--patience", "300"])
        let workers = try (0..<4).map { try run.start("worker", on: $0) }
        try run.wait(steps: 10)
        guard hosts.slow(2, to: "50mbit") else { return print("skipped: this system cannot shape links") }
        try run.wait(steps: 20)
        #expect(hosts.slow(2, to: "10gbit"))
        hosts.setLink(of: 3, false)
        usleep(500_000)
        hosts.setLink(of: 3, true)
        try run.finish(workers)
        #expect(run.directory.digests == one && one.count == 60)
        for kind in ["lost", "link-lost", "verdict", "hold"] { #expect(run.event(kind) == nil) }
    }

    @Test func anUnreachableHostIsNamedAndTheRunContinuesWhenItIsBack() throws {
        guard let hosts = NetworkHosts(4) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let options = [
            "--preset", "cifar10", "--data", try runner.makeData(), "--steps", "150", "--store", "process", "--set", "batch=16",
            "checkpoint.every=0",
        ]
        let whole = try digests(runner, "whole", options)
        let run = try Run(runner, hosts, "cut", options + ["--patience", "2"])
        let store = try run.start("store", on: 1)
        let near = try run.start("worker", on: 2)
        var far = try run.start("worker", on: 3)
        try run.wait(steps: 20)
        let cut = try #require(
            run.directory.record().processes.first { $0.role == "worker" && $0.address.hasPrefix("\(NetworkHosts.address(3)):") })
        hosts.setLink(of: 3, false)
        try run.coordinator.wait(for: "a verdict", every: 20_000) { run.event("verdict") != nil }
        #expect(try #require(run.event("verdict")).contains("worker \(cut.rank) on"))
        // Without a connection, the worker ends. It is started again, as systemd would do, before the link is restored.
        try far.waitUntilExit()
        #expect(far.terminationStatus == 76)
        far = try run.start("worker", on: 3)
        hosts.setLink(of: 3, true)
        try run.finish([store, near, far])
        #expect(run.event("recovered") != nil)
        #expect(run.directory.digests == whole)
    }
}
