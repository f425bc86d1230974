import Foundation
import Settings
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
        ("hosts: [a]", "is not a mapping"),
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
}
