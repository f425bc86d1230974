import Foundation
import Glibc
import Platform
import Protocol
import RunLog
import Security
import SwiftProtobuf
import TestSupport
import Testing
import Transport

/// Unauthorized peers are refused and reported in events, and they do not change the run.
@Suite(.serialized) struct SecurityTests {
    private static let quick = [
        "--preset", "cifar10", "--set", "batch=16", "optimizer.learning_rate=0.001", "validation.every=0", "checkpoint.every=0",
    ]

    private func digests(_ runner: CommandRunner, _ name: String) -> [String] { runner.runDirectory(name).digests }

    private func events(_ runner: CommandRunner, _ name: String) -> String { runner.runDirectory(name).eventsText }

    /// Waits for a condition, for a minute at most.
    private func wait(for what: String, until condition: () throws -> Bool) throws {
        try Deadline.wait(for: what, within: 60, every: 10_000, until: condition)
    }

    @Test(arguments: ["embedded", "process"]) func aRunOverTLSGivesTheSameDigestsAsAPlainOne(store: String) throws {
        let runner = try CommandRunner()
        let options = ["--data", try runner.makeData(), "--steps", "8", "--workers", "2", "--store", store] + Self.quick
        let plain = try runner.run(["train", "--name", "plain"] + options)
        #expect(plain.code == 0, "\(plain.errors)")
        #expect(try runner.run("certificates", "create", "certificates").code == 0)
        let encrypted = try runner.run(["train", "--name", "tls", "--certificates", "certificates"] + options)
        #expect(encrypted.code == 0, "\(encrypted.errors)")
        #expect(digests(runner, "tls") == digests(runner, "plain") && digests(runner, "plain").count == 8)
        let shown = try runner.run("certificates", "show", "certificates", "--json").output
        struct Entry: Decodable { let role: String; let fingerprint: String }
        for entry in try JSONDecoder().decode([Entry].self, from: Data(shown.utf8)) where entry.role == "worker" || entry.role == "store" {
            #expect(events(runner, "tls").contains("\"fingerprint\":\"\(entry.fingerprint)\""))
        }
        #expect(!FileManager.default.fileExists(atPath: runner.path("runs/plain/token")))
    }

    /// Unauthorized workers try to join before the workers of the run do.
    @Test func unauthorizedPeersAreRefusedAndReported() throws {
        let runner = try CommandRunner()
        let options = ["--data", try runner.makeData(), "--steps", "6", "--workers", "2"] + Self.quick
        #expect(try runner.run(["train", "--name", "quiet"] + options).code == 0)
        for directory in ["certificates", "foreign"] { #expect(try runner.run("certificates", "create", directory).code == 0) }
        #expect(try runner.run("certificates", "issue", "certificates", "--role", "worker", "--name", "gone").code == 0)
        #expect(try runner.run("certificates", "create", "none").code == 0)

        for isEncrypted in [false, true] {
            let name = isEncrypted ? "tls" : "plain"
            let security = isEncrypted ? ["--certificates", "certificates"] : []
            let run = try RunByHand(runner, name, options + security)
            func refused(_ arguments: [String], _ words: String) throws {
                let result = try runner.run(["worker", "--coordinator", run.address] + arguments)
                #expect(result.code == 77 && result.errors.contains(words), "\(arguments): \(result.errors)")
            }
            // The event may be written after the worker's end.
            func written(_ words: String...) throws {
                try wait(for: "events with \(words)") { words.allSatisfy(events(runner, name).contains) }
            }
            if isEncrypted {
                try refused([], "wants TLS")
                try refused(["--certificates", "foreign"], "another authority")
                // The list of revoked certificates on its host is old.
                try FileManager.default.copyItem(atPath: runner.path("certificates/hosts/gone"), toPath: runner.path("gone"))
                let shown = try runner.run("certificates", "show", "certificates").output.split(separator: "\n")
                let line = try #require(shown.firstIndex { $0.contains("worker gone") })
                let serial = String(shown[line + 1].split(separator: " ")[1])
                #expect(try runner.run("certificates", "revoke", "certificates", "--serial", serial).code == 0)
                try refused(["--certificates", "gone"], "revoked")
                try written("revoked", "does not speak TLS")
            } else {
                // A token of 64 digits, and none at all.
                try runner.write(String(repeating: "ab", count: 32), to: "token")
                chmod(runner.path("token"), 0o600)
                try refused(["--token-file", "token"], "another run token")
                try refused(["--insecure"], "--token-file")
                try refused(["--certificates", "certificates"], "does not speak TLS")
                chmod(runner.path("token"), 0o644)
                let open = try runner.run("worker", "--coordinator", run.address, "--token-file", "token")
                #expect(open.code == 78 && open.errors.contains("chmod 600"))
                try written("wrong run token", "it speaks TLS")
                let token = try FileManager.default.attributesOfItem(atPath: runner.path("runs/plain/token"))
                #expect(token[.posixPermissions] as? Int == 0o600)
            }
            // On the coordinator's machine, the address is enough.
            for _ in 0..<2 { try run.start("worker", security) }
            #expect(try run.end() == 0)
            #expect(digests(runner, name) == digests(runner, "quiet"))
            #expect(!FileManager.default.fileExists(atPath: runner.path("runs/plain/token")))
        }
    }

    @Test func keysThatOthersCanReadAreRefusedBeforeAnythingStarts() throws {
        let runner = try CommandRunner()
        let data = try runner.makeData()
        #expect(try runner.run("certificates", "create", "certificates").code == 0)
        chmod(runner.path("certificates/store.key"), 0o640)
        let result = try runner.run(["train", "--data", data, "--steps", "2", "--certificates", "certificates"] + Self.quick)
        #expect(result.code == 78 && result.errors.contains("chmod 600"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: runner.path("runs")))
    }

    /// It disconnects strangers, then waits for a free descriptor, and then answers the connections that have arrived meanwhile.
    @Test func aCoordinatorRecoversFromAShortageOfDescriptors() throws {
        let runner = try CommandRunner()
        let options = ["--data", try runner.makeData(), "--steps", "6", "--workers", "2", "--store", "process"] + Self.quick
        #expect(try runner.run(["train", "--name", "quiet"] + options).code == 0)
        let run = try RunByHand(runner, "short", options)
        let (process, port) = (run.coordinator.processIdentifier, try #require(UInt16(run.address.split(separator: ":").last ?? "")))
        // Only descriptors that are always open count: status.json is open for a moment every second.
        let own = (0..<50).reduce(RunProcesses.descriptors(of: process)) { always, _ in
            usleep(10_000)
            return always.intersection(RunProcesses.descriptors(of: process))
        }
        let free = (0...).lazy.filter { !own.contains($0) }
        let (none, two) = (free.first { _ in true }!, free.dropFirst(2).first { _ in true }!)

        try RunProcesses.limitDescriptors(of: process, to: two)
        let strangers = (0..<6).compactMap { _ in LocalSocket.connect(to: port) }
        #expect(strangers.count == 6)
        try wait(for: "an event of the shortage") { events(runner, "short").contains("no descriptor left") }
        for stranger in strangers { close(stranger) }
        try wait(for: "the end of the strangers' connections") { RunProcesses.descriptors(of: process) == own }

        // There is no stranger to disconnect, so new connections stay in the queue of the system.
        try RunProcesses.limitDescriptors(of: process, to: none)
        let early = (0..<3).compactMap { _ in LocalSocket.connect(to: port) }
        defer { for peer in early { close(peer) } }
        // The coordinator tries to accept every tenth of a second.
        usleep(400_000)
        #expect(RunProcesses.descriptors(of: process) == own && run.coordinator.isRunning)
        try RunProcesses.limitDescriptors(of: process, to: 256)
        for peer in early { #expect(HostilePeers.isAnswered(peer)) }

        for role in ["store", "worker", "worker"] { try run.start(role) }
        #expect(try run.end() == 0)
        #expect(run.peers.allSatisfy { $0.terminationStatus == 0 })
        #expect(digests(runner, "short") == digests(runner, "quiet"))
    }

    /// Another user listens where the coordinator will: the worker says so, sends nothing, and joins the coordinator when that is there.
    @Test(.enabled(if: OtherUsersListener.isPossible, "only root can be another user"), arguments: [[], ["--insecure"]])
    func aWorkerDoesNotTrainForAnotherUser(options: [String]) throws {
        let runner = try CommandRunner()
        let training = ["--data", try runner.makeData(), "--steps", "6", "--workers", "2"] + Self.quick
        #expect(try runner.run(["train", "--name", "quiet"] + training).code == 0)
        let foreign = try #require(OtherUsersListener(answer: Preamble.answer(.noToken)))
        let address = "127.0.0.1:\(foreign.port)"
        let alone = try runner.run(["worker", "--coordinator", address, "--coordinator-patience", "1"] + options)
        #expect(alone.code == 69 && alone.errors.contains("is a process of user \(OtherUsersListener.user)"), "\(alone.errors)")
        #expect(alone.output.contains("the coordinator is not there yet"), "\(alone.output)")
        #expect(foreign.received.allSatisfy { $0.isEmpty })
        guard options.isEmpty else { return foreign.stop() }
        let worker = try runner.start(["worker", "--coordinator", address, "--coordinator-patience", "600"])
        let before = foreign.received.count
        try worker.wait(for: "its attempts") { foreign.received.count > before + 1 }
        foreign.stop()
        let run = try RunByHand(runner, "own", training + ["--listen", address])
        try run.start()
        #expect(try run.end() == 0)
        try worker.waitUntilExit()
        #expect(worker.terminationStatus == 0, "\(worker.errors)")
        #expect(digests(runner, "own") == digests(runner, "quiet"))
    }

    /// Other users of the machine see no secret in a command line, an environment or a log.
    @Test func anImpostorAndAFloodOfConnectionsDoNotChangeTheRun() throws {
        let runner = try CommandRunner()
        let options = ["--data", try runner.makeData(), "--steps", "200", "--workers", "2", "--store", "process"] + Self.quick
        #expect(try runner.run(["train", "--name", "quiet"] + options).code == 0)
        let process = try runner.start(["train", "--name", "loud"] + options)
        try wait(for: "the start of the training") { events(runner, "loud").contains("\"started\"") }
        let children = RunProcesses.children(of: process.processIdentifier)
        #expect(children.map(\.role).sorted() == ["coordinator", "store", "worker", "worker"])
        let token = try String(contentsOfFile: runner.path("runs/loud/token"), encoding: .utf8).trimmingCharacters(
            in: .whitespacesAndNewlines)
        #expect(token.count == 64)
        for child in children {
            #expect(!RunProcesses.commandLine(child.process).joined().contains(token))
            #expect(!RunProcesses.environment(child.process).contains(token))
        }

        // A peer with the token claims the first worker's place at every process.
        let ports = try Deadline.value("the ports of all processes", within: 60, every: 10_000) { () -> [UInt16]? in
            let ports = children.flatMap { RunProcesses.ports(of: $0.process) }
            return ports.count == 4 ? ports : nil
        }
        let run = try #require(UInt64(runner.runDirectory("loud").record().run, radix: 16))
        let loop = try EventLoop(name: "claims", security: LinkSecurity(.plain(.file(runner.path("runs/loud/token")))))
        defer { loop.stop() }
        var claims: [(Link, Claim)] = []
        for port in ports {
            let link = try Connector.connect(to: SocketAddress(host: "127.0.0.1", port: port), loop: loop, expecting: .coordinator)
            let claim = Claim()
            link.start(claim)
            link.send(
                .with {
                    $0.hello.role = .worker; $0.hello.run = run; $0.hello.rank = 0; $0.hello.productVersion = "0"
                }, run: run)
            link.send(
                .with {
                    $0.register.blocks = [
                        .with {
                            $0.key.layer = 0; $0.key.isBias = true
                        }
                    ]
                }, run: run)
            claims.append((link, claim))
        }
        for (_, claim) in claims { #expect(claim.ended.wait(timeout: 20) { $0 ? true : nil } == true) }

        HostilePeers.flood(ports, count: 80)
        try process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(digests(runner, "loud") == digests(runner, "quiet"))
        #expect(events(runner, "loud").contains("\"refused\""))
        let logs = try FileManager.default.contentsOfDirectory(atPath: runner.path("runs/loud/logs"))
            .map { try String(contentsOfFile: runner.path("runs/loud/logs/\($0)"), encoding: .utf8) }.joined()
        #expect(logs.contains("worker 0 is connected already") && logs.contains("not of its columns"), "\(logs)")
        #expect(!logs.contains(token) && !events(runner, "loud").contains(token))
    }

    private final class Claim: LinkReceiver, @unchecked Sendable {
        let ended = Monitor(false)
        func destination(for header: FrameHeader, on link: Link) -> PayloadDestination { .bytes(limit: 1 << 20) }
        func received(_ header: FrameHeader, payload: [UInt8], on link: Link) {}
        func closed(_ link: Link, _ error: WireError) { ended.update { $0 = true } }
    }
}
