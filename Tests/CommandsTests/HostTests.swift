import Foundation
import RunLog
import Testing

/// Hosts made of network namespaces, with real links between them. Skipped where the system does not allow them.
@Suite(.serialized) struct HostTests {
    /// Two namespaces with a link, gone with the object.
    private final class Hosts {
        let names: [String]
        private let links: [String]

        init?() {
            let stamp = String(UInt32.random(in: 0...UInt32.max), radix: 36)
            names = ["col-\(stamp)-a", "col-\(stamp)-b"]
            let link = names.map { "v\($0.suffix(1))\(stamp)" }
            links = link
            var isMade = Self.ip(["netns", "add", names[0]]) && Self.ip(["netns", "add", names[1]])
            isMade = isMade && Self.ip(["link", "add", link[0], "netns", names[0], "type", "veth", "peer", "name", link[1], "netns", names[1]])
            for (i, name) in names.enumerated() where isMade {
                isMade = Self.ip(["-n", name, "address", "add", "10.78.0.\(i + 1)/24", "dev", link[i]])
                    && Self.ip(["-n", name, "link", "set", link[i], "up"]) && Self.ip(["-n", name, "link", "set", "lo", "up"])
            }
            guard isMade else {
                remove()
                return nil
            }
        }

        deinit { remove() }
        private func remove() { for name in names { _ = Self.ip(["netns", "delete", name]) } }

        private static func ip(_ arguments: [String]) -> Bool {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["ip"] + arguments
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            guard (try? process.run()) != nil else { return false }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }

        /// Takes the link between the hosts away, or brings it back.
        func setLink(_ isUp: Bool) { _ = Self.ip(["-n", names[1], "link", "set", links[1], isUp ? "up" : "down"]) }

        func start(_ runner: CommandRunner, on host: Int, _ arguments: [String]) throws -> Process {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["ip", "netns", "exec", names[host], CommandRunner.executable] + arguments
            process.currentDirectoryURL = URL(fileURLWithPath: runner.directory)
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            return process
        }
    }

    /// Each host has a shard of the store, so that parameters stay where they are used.
    @Test(arguments: ["fp32", "bf16"]) func twoHostsGiveTheBitsOfOneWithAStoreOnEach(precision: String) throws {
        guard let hosts = Hosts() else { return print("skipped: this system allows no network namespaces") }
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--preset", "cifar10", "--data", data, "--steps", "12", "--set", "batch=16", "precision=\(precision)"]
        let whole = try runner.run(["train", "--name", "one"] + options)
        guard whole.code == 0 || precision == "fp32" else { return print("skipped: this processor has no 16-bit kernels") }
        #expect(whole.code == 0, "\(whole.errors)")
        let coordinator = try hosts.start(
            runner, on: 0, ["coordinator", "--insecure", "--listen", "10.78.0.1:7070", "--name", "two"] + options)
        let workers = try [0, 1].map {
            try hosts.start(runner, on: $0, ["worker", "--insecure", "--coordinator", "10.78.0.1:7070"])
        }
        for process in [coordinator] + workers {
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        func digests(_ name: String) throws -> [String] {
            try RunDirectory(runner.path("runs/\(name)")).metrics().compactMap { if case .step(let step) = $0 { step.digest } else { nil } }
        }
        #expect(try digests("two") == digests("one"))
        #expect(try digests("two").count == 12)
        let stores = try RunDirectory(runner.path("runs/two")).record().processes.filter { $0.role == "store" }
        #expect(stores.count == 2)
        #expect(Set(stores.map { $0.address.split(separator: ":")[0] }) == ["10.78.0.1", "10.78.0.2"])
        // A checkpoint is gathered from both.
        #expect(try runner.run("evaluate", "--checkpoint", "runs/two/checkpoints/step-00000012", "--data", data).code == 0)
    }

    @Test func aHostThatIsCutOffIsNamedAndTheRunGoesOnWhenItIsBack() throws {
        guard let hosts = Hosts() else { return print("skipped: this system allows no network namespaces") }
        let runner = try CommandRunner()
        let data = try runner.makeData()
        let options = ["--preset", "cifar10", "--data", data, "--steps", "150", "--store", "process", "--set", "batch=16", "checkpoint.every=0"]
        #expect(try runner.run(["train", "--name", "whole"] + options).code == 0)
        let coordinator = try hosts.start(
            runner, on: 0,
            ["coordinator", "--insecure", "--listen", "10.78.0.1:7071", "--name", "cut", "--patience", "2"] + options)
        func start(_ role: String, on host: Int) throws -> Process {
            try hosts.start(runner, on: host, [role, "--insecure", "--coordinator", "10.78.0.1:7071"])
        }
        let store = try start("store", on: 0)
        let near = try start("worker", on: 0)
        var far = try start("worker", on: 1)
        let run = RunDirectory(runner.path("runs/cut"))
        func digests(_ run: RunDirectory) throws -> [String] {
            try run.metrics().compactMap { if case .step(let step) = $0 { step.digest } else { nil } }
        }
        func said(_ kind: String) -> String? {
            let events = (try? String(contentsOfFile: run.eventsPath, encoding: .utf8)) ?? ""
            return events.split(separator: "\n").first { $0.contains("\"kind\":\"\(kind)\"") }.map(String.init)
        }
        while coordinator.isRunning, ((try? digests(run).count) ?? 0) < 20 { usleep(5_000) }
        let cut = try #require(run.record().processes.first { $0.role == "worker" && $0.address.hasPrefix("10.78.0.2:") })
        hosts.setLink(false)
        while coordinator.isRunning, said("verdict") == nil { usleep(20_000) }
        #expect(try #require(said("verdict")).contains("worker \(cut.rank) on"))
        // It finds itself alone, ends, and is started again, as systemd would; and then there is a link.
        far.waitUntilExit()
        #expect(far.terminationStatus == 76)
        far = try start("worker", on: 1)
        hosts.setLink(true)
        for process in [coordinator, store, near, far] {
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        #expect(said("recovered") != nil)
        #expect(try digests(run) == digests(RunDirectory(runner.path("runs/whole"))))
    }
}
