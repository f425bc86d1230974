import Foundation
import RunLog
import Testing

/// Runs over several hosts, with real links between them. Skipped where the system does not allow them.
@Suite(.serialized) struct HostTests {
    private static let skipped = "skipped: this system allows no network namespaces"

    /// A run whose processes are on several hosts, the coordinator on the first.
    private struct Run {
        let runner: CommandRunner
        let hosts: NetworkHosts
        let name: String
        let security: [String]
        let coordinator: Process

        init(_ runner: CommandRunner, _ hosts: NetworkHosts, _ name: String, security: [String] = ["--insecure"], _ options: [String]) throws {
            (self.runner, self.hosts, self.name, self.security) = (runner, hosts, name, security)
            coordinator = try hosts.start(
                runner, on: 0, ["coordinator", "--listen", "\(NetworkHosts.address(0)):7070", "--name", name] + security + options)
        }

        func start(_ role: String, on host: Int) throws -> Process {
            try hosts.start(runner, on: host, [role, "--coordinator", "\(NetworkHosts.address(0)):7070"] + security)
        }

        var directory: RunDirectory { RunDirectory(runner.path("runs/\(name)")) }

        var digests: [String] {
            ((try? directory.metrics()) ?? []).compactMap { if case .step(let step) = $0 { step.digest } else { nil } }
        }

        /// The first event of a kind.
        func said(_ kind: String) -> String? {
            let events = (try? String(contentsOfFile: directory.eventsPath, encoding: .utf8)) ?? ""
            return events.split(separator: "\n").first { $0.contains("\"kind\":\"\(kind)\"") }.map(String.init)
        }

        /// Waits until so many steps are done, or the coordinator has ended.
        func wait(steps: Int) { while coordinator.isRunning, digests.count < steps { usleep(5_000) } }

        /// Everybody ends well.
        func finish(_ others: [Process]) {
            for process in [coordinator] + others {
                process.waitUntilExit()
                #expect(process.terminationStatus == 0)
            }
        }
    }

    private func digests(_ runner: CommandRunner, _ name: String, _ options: [String]) throws -> [String] {
        let result = try runner.run(["train", "--name", name] + options)
        #expect(result.code == 0, "\(result.errors)")
        return try digests(runner, name)
    }

    private func digests(_ runner: CommandRunner, _ name: String) throws -> [String] {
        try RunDirectory(runner.path("runs/\(name)")).metrics().compactMap { if case .step(let step) = $0 { step.digest } else { nil } }
    }

    /// Each host has a shard of the store, so that parameters stay where they are used.
    @Test(arguments: ["precision=fp32", "precision=bf16", "exchange.activations=bf16"])
    func twoHostsGiveTheBitsOfOneWithAStoreOnEach(setting: String) throws {
        guard let hosts = NetworkHosts(2) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--preset", "cifar10", "--data", data, "--steps", "12", "--set", "batch=16", setting]
        let whole = try runner.run(["train", "--name", "one"] + options)
        guard whole.code == 0 || setting != "precision=bf16" else { return print("skipped: this processor has no 16-bit kernels") }
        let one = try digests(runner, "one")
        let run = try Run(runner, hosts, "two", options)
        run.finish(try [0, 1].map { try run.start("worker", on: $0) })
        #expect(run.digests == one && one.count == 12)
        let stores = try run.directory.record().processes.filter { $0.role == "store" }
        #expect(stores.count == 2)
        #expect(Set(stores.map { $0.address.split(separator: ":")[0] }) == ["10.78.0.1", "10.78.0.2"])
        // A checkpoint is gathered from both.
        #expect(try runner.run("evaluate", "--checkpoint", "runs/two/checkpoints/step-00000012", "--data", data).code == 0)
    }

    /// Coordinator, store and workers on four addresses, encrypted; and nobody listens anywhere else, though hosts have other addresses.
    @Test func everyRoleOnAnAddressOfItsOwnAndNothingBoundElsewhere() throws {
        guard let hosts = NetworkHosts(4) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let options = ["--preset", "cifar10", "--data", try runner.makeData(), "--steps", "60", "--set", "batch=16", "checkpoint.every=20"]
        let one = try digests(runner, "one", options)
        #expect(try runner.run("certificates", "create", "certificates").code == 0)
        let run = try Run(runner, hosts, "four", security: ["--certificates", "certificates"], options + ["--store", "process"])
        let others = [try run.start("store", on: 1)] + (try [2, 3].map { try run.start("worker", on: $0) })
        run.wait(steps: 5)
        let listening = (0..<4).map { hosts.listening(on: $0) }
        #expect(run.coordinator.isRunning)
        #expect(listening[0] == ["10.78.0.1:7070"])
        // A store, and the workers for each other: one port each.
        for host in 1...3 {
            #expect(listening[host].count == 1 && listening[host].allSatisfy { $0.hasPrefix("\(NetworkHosts.address(host)):") }, "\(listening[host])")
        }
        run.finish(others)
        #expect(run.digests == one && one.count == 60)
        let addresses = try run.directory.record().processes.map { $0.address.split(separator: ":")[0] }
        #expect(Set(addresses) == ["10.78.0.2", "10.78.0.3", "10.78.0.4"])
    }

    /// Two columns in two replicas, every worker on a host of its own: each host keeps some blocks of its column, and workers register with
    /// two stores.
    @Test(arguments: ["exchange.gradients=fp32", "exchange.gradients=bf16"])
    func replicasOnFourHostsShareTheParametersAndGiveTheBitsOfOne(setting: String) throws {
        guard let hosts = NetworkHosts(4) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--preset", "cifar10", "--data", data, "--steps", "12", "--set", "batch=16", "slices=2", setting]
        let one = try digests(runner, "one", options + ["--workers", "1"])
        let run = try Run(runner, hosts, "four", options + ["--workers", "4", "--replicas", "2"])
        run.finish(try (0..<4).map { try run.start("worker", on: $0) })
        #expect(run.digests == one && one.count == 12)
        let stores = try run.directory.record().processes.filter { $0.role == "store" }
        #expect(stores.count == 4)
        #expect(try runner.run("evaluate", "--checkpoint", "runs/four/checkpoints/step-00000012", "--data", data).code == 0)
        // What was trained on four hosts goes on, on one.
        #expect(try runner.run("train", "--resume", "runs/four", "--steps", "14", "--workers", "1", "--replicas", "1").code == 0)
        let longer = options.map { $0 == "12" ? "14" : $0 }
        #expect(try run.digests == digests(runner, "longer", longer + ["--workers", "1"]))
    }

    /// Whoever joins first, the workers of a replica are on one host where that goes: they exchange activations all the time.
    @Test func workersThatJoinInTurnsAreGroupedByTheirHosts() throws {
        guard let hosts = NetworkHosts(2) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let options = ["--preset", "cifar10", "--data", try runner.makeData(), "--steps", "8", "--set", "batch=16", "slices=2"]
        let one = try digests(runner, "one", options + ["--workers", "1"])
        let run = try Run(runner, hosts, "two", options + ["--workers", "4", "--replicas", "2"])
        var workers: [Process] = []
        for host in [0, 1, 0, 1] {
            workers.append(try run.start("worker", on: host))
            let joined = workers.count
            while run.coordinator.isRunning, ((try? run.directory.record())?.processes.count { $0.role == "worker" } ?? 0) < joined { usleep(5_000) }
        }
        run.finish(workers)
        #expect(run.digests == one && one.count == 8)
        let places = try run.directory.record().processes.filter { $0.role == "worker" }.sorted { $0.rank < $1.rank }
            .map { String($0.address.split(separator: ":")[0]) }
        #expect(places == ["10.78.0.1", "10.78.0.1", "10.78.0.2", "10.78.0.2"])
        #expect(run.said("grouped") != nil)
    }

    @Test func aSlowLinkAndAShortCutCostNothingButTime() throws {
        guard let hosts = NetworkHosts(4) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let options = ["--preset", "cifar10", "--data", try runner.makeData(), "--steps", "60", "--set", "batch=16", "checkpoint.every=0", "slices=2"]
        let one = try digests(runner, "one", options + ["--workers", "1"])
        // What the test does to links may take long where much else runs.
        let run = try Run(runner, hosts, "slow", options + ["--workers", "4", "--replicas", "2", "--patience", "300"])
        let workers = try (0..<4).map { try run.start("worker", on: $0) }
        run.wait(steps: 10)
        guard hosts.slow(2, to: "50mbit") else { return print("skipped: this system cannot shape links") }
        run.wait(steps: 20)
        #expect(hosts.slow(2, to: "10gbit"))
        hosts.setLink(of: 3, false)
        usleep(500_000)
        hosts.setLink(of: 3, true)
        run.finish(workers)
        #expect(run.digests == one && one.count == 60)
        for kind in ["lost", "link-lost", "verdict", "hold"] { #expect(run.said(kind) == nil) }
    }

    @Test func aHostThatIsCutOffIsNamedAndTheRunGoesOnWhenItIsBack() throws {
        guard let hosts = NetworkHosts(4) else { return print(Self.skipped) }
        let runner = try CommandRunner()
        let options = ["--preset", "cifar10", "--data", try runner.makeData(), "--steps", "150", "--store", "process", "--set", "batch=16", "checkpoint.every=0"]
        let whole = try digests(runner, "whole", options)
        let run = try Run(runner, hosts, "cut", options + ["--patience", "2"])
        let store = try run.start("store", on: 1)
        let near = try run.start("worker", on: 2)
        var far = try run.start("worker", on: 3)
        run.wait(steps: 20)
        let cut = try #require(run.directory.record().processes.first { $0.role == "worker" && $0.address.hasPrefix("\(NetworkHosts.address(3)):") })
        hosts.setLink(of: 3, false)
        while run.coordinator.isRunning, run.said("verdict") == nil { usleep(20_000) }
        #expect(try #require(run.said("verdict")).contains("worker \(cut.rank) on"))
        // It finds itself alone, ends, and is started again, as systemd would; and then there is a link.
        far.waitUntilExit()
        #expect(far.terminationStatus == 76)
        far = try run.start("worker", on: 3)
        hosts.setLink(of: 3, true)
        run.finish([store, near, far])
        #expect(run.said("recovered") != nil)
        #expect(run.digests == whole)
    }
}
