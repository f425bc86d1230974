import Commands
import Foundation
import Testing

@Suite struct HostsFileTests {
    @Test func defaultsAreTakenAndTheCoordinatorsHostComesFirst() throws {
        let file = try HostsFile(
            text: """
                coordinator_port: 7070
                defaults: {threads: 4, data: /data, ssh_options: [Compression=no]}
                hosts:
                  - ssh: me@host-a
                  - {name: b, address: 10.0.0.2, workers: 2, data: /other, ssh_options: [User=me]}
                  - {ssh: "ssh://me@host-c:2222", coordinator: true}
                """)
        #expect(file.hosts.map(\.label) == ["host-c", "host-a", "b"])
        #expect(file.hosts.map(\.reachedAt) == ["host-c", "host-a", "10.0.0.2"])
        #expect(file.hosts.map(\.workerCount) == [1, 1, 2])
        #expect(file.hosts[2].ssh == "10.0.0.2" && file.hosts[2].data == "/other" && file.hosts[1].data == "/data")
        #expect(file.hosts[2].ssh_options == ["Compression=no", "User=me"])
        #expect(file.coordinatorPort == 7070)
        #expect(try file.threads == 4)
    }

    @Test(arguments: [
        ("hosts: []", "there are no hosts"), ("- a", "there are no hosts"), ("hosts: [{ssh: a, porrt: 1}]", "\"porrt\""),
        ("hosts: [{ssh: a}, {ssh: b@a}]", "two hosts are named a"), ("hosts: [{ssh: -oProxyCommand=x}]", "names no place"),
        ("hosts: [{ssh: 'a b'}]", "names no place"), ("hosts: [{ssh: a, workers: 65}]", "65 workers"),
        ("hosts: [{ssh: a, workers: many}]", "wrong type"),
        ("hosts: [{ssh: a, coordinator: true}, {ssh: b, coordinator: true}]", "mark one"),
        ("hosts: [{ssh: a, ssh_options: [StrictHostKeyChecking=no]}]", "another host could take its place"),
        ("hosts: [{ssh: a, ssh_options: ['stricthostkeychecking off']}]", "another host could take its place"),
        ("hosts: [{ssh: a, ssh_options: [UserKnownHostsFile=/dev/null]}]", "another host could take its place"),
        ("hosts: [{ssh: a, name: '../b'}]", "give it a name"), ("hosts: [{ssh: a, ssh_port: 70000}]", "70000"),
        ("hosts: [a]", "no mapping"),
        ("hosts: {", "not valid YAML"), ("hosts: [{}]", "names no place"), ("coordinator_port: [1]\nhosts: [{ssh: a}]", "coordinator_port"),
        ("coordinator_port: 70000\nhosts: [{ssh: a}]", "coordinator_port"),
    ]) func invalidFilesAreRejectedWithTheReason(text: String, words: String) {
        do {
            _ = try HostsFile(text: text)
            Issue.record("taken: \(text)")
        } catch { #expect("\(error)".contains(words), "\(error)") }
    }

    @Test func differentNumbersOfThreadsAreRejected() throws {
        let file = try HostsFile(text: "hosts: [{ssh: a, threads: 2}, {ssh: b, threads: 4}]")
        #expect(throws: (any Error).self) { try file.threads }
    }

    @Test func onlyTheUsersOwnHomeDirectoryStaysUnquoted() {
        #expect(ShellWord.quoted("~/bin/colonnade") == "~/bin/colonnade")
        #expect(ShellWord.quoted("~/my bin/x") == "~/'my bin/x'")
        #expect(ShellWord.quoted("~me") == "'~me'")
    }

    /// A coordinator that is started by another process gets what was asked for, whole.
    @Test func aRequestSurvivesItsWayToTheCoordinator() throws {
        let options = [
            "--preset", "cifar10", "--set", "batch=16", "seed=2", "--data=/d", "--steps", "3", "--elastic", "--restarts", "7",
            "--bandwidth", "1Gbit/s",
            "--stopped-exit-code", "75", "--max-strangers", "9", "--store", "process",
        ]
        let request = try RunRequest.parse(options)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let sent = try encoder.encode(request)
        #expect(try encoder.encode(JSONDecoder().decode(RunRequest.self, from: sent)) == sent)
        let text = String(decoding: sent, as: UTF8.self)
        for part in [
            "\"batch=16\",\"seed=2\"", "\"elastic\":true", "\"restarts\":7", "\"bandwidth\":125000000", "\"stoppedExitCode\":75",
            "\"maxStrangers\":9", "\"store\":\"process\"",
        ] {
            #expect(text.contains(part), "\(text)")
        }
        // Taken up again, it names the run in place of what the run's record has.
        let again = String(decoding: try encoder.encode(request.resuming("/r", because: "it was killed")), as: UTF8.self)
        #expect(again.contains("\"resume\":\"\\/r\"") && !again.contains("batch=16") && again.contains("\"restarts\":7"))
    }

    /// The prediction of a run takes the slowest of the connections in the file.
    @Test func aRequestIsCompletedByTheFile() throws {
        let file = try HostsFile(
            text:
                "hosts: [{ssh: a, data: /d, threads: 2, bandwidth: 10Gbit/s, latency: 10us}, {ssh: b, threads: 2, bandwidth: 1Gbit/s, latency: 5us}]"
        )
        let encoder = JSONEncoder()
        func text(_ options: [String]) throws -> String {
            String(decoding: try encoder.encode(RunRequest.parse(options).completed(by: file, workers: 2, stores: 0)), as: UTF8.self)
        }
        let completed = try text([])
        for part in ["\"bandwidth\":125000000", "\"workers\":2", "\"threads\":2", "\"stores\":1", "\"data\":\"\\/d\""]
        {
            #expect(completed.contains(part), "\(completed)")
        }
        let stated = try text(["--data", "/e", "--workers", "1", "--threads", "1", "--bandwidth", "2GB/s"])
        for part in ["\"bandwidth\":2000000000", "\"workers\":1", "\"threads\":1", "\"data\":\"\\/e\""] {
            #expect(stated.contains(part), "\(stated)")
        }
    }
}
