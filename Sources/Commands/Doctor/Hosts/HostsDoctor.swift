import Foundation
import Glibc
import Platform
import Security
import Settings
import Supervision

/// Checks every host of a file and every pair of hosts, over ssh.
struct HostsDoctor {
    private let file: HostsFile
    private let command: DoctorCommand
    private let certificates: HostCertificates?

    init(_ file: HostsFile, _ command: DoctorCommand) throws {
        (self.file, self.command) = (file, command)
        let isMade = !command.insecure && command.security.certificates == nil
        certificates = isMade ? try HostCertificates(file.hosts.map { ($0.label, [.worker]) }) : nil
    }

    /// A host that was reached, and the arguments of its doctors.
    private struct Target {
        let connection: HostConnection
        let arguments: [String]
        var server: RemoteProcess?
        let reports = CoordinatorReports()
        var name: String { connection.host.label }
    }

    func findings() throws -> [Finding] {
        let output = Monitor([String: [String]]())
        let found = HostGroup.open(file.hosts) { host, process, line in
            // The output of doctors, by host and process name. ssh's own messages are in the errors that are thrown.
            output.update { $0["\(host) \(process)", default: []].append(line) }
        }
        var findings = found.map { host, result in Finding(host.label, "ssh") { "reached as \(try result.get().1.hostName)" } }
        let connections = found.compactMap { try? $0.result.get() }
        defer {
            for (connection, _) in connections { connection.close() }
            for (connection, _) in connections { connection.waitForEnd(within: 30) }
        }
        // Another release may not understand the arguments.
        let same = connections.filter { $0.1.version == Product.version }
        let others = connections.filter { $0.1.version != Product.version }
        findings += HostGroup.differences(others.map { ($0.0.host.label, $0.1) }, version: Product.version).enumerated().map {
            Finding(others[$0].0.host.label, "release", others[$0].1.version, .failed, remedy: $1)
        }
        var targets: [Target] = []
        for (connection, _) in same {
            do {
                try connection.enterDirectory()
                targets.append(Target(connection: connection, arguments: try arguments(connection)))
            } catch {
                let remedy = CommandFailure(error)?.description ?? "\(error)"
                findings.append(Finding(connection.host.label, "directory", "failed", .failed, remedy: remedy))
            }
        }
        findings += machines(targets, output)
        return findings + pairs(&targets, output)
    }

    private func arguments(_ connection: HostConnection) throws -> [String] {
        var limits = command.security.request
        limits.certificates = nil
        var arguments = limits.arguments
        if command.insecure { arguments.append("--insecure") }
        if let certificates { arguments += ["--certificates", try certificates.send(to: connection)] }
        if let stated = command.security.certificates { arguments += ["--certificates", stated] }
        if let data = connection.host.data ?? command.data { arguments += ["--data", data] }
        return arguments
    }

    /// Checks every host by itself, all at the same time.
    private func machines(_ targets: [Target], _ output: Monitor<[String: [String]]>) -> [Finding] {
        let started = targets.map { target in
            let port = target.name == file.first.label ? file.coordinatorPort : 0
            let listen = "\(SocketAddress(host: target.connection.host.reachedAt, port: port))"
            return start(target, "machine", ["--listen", listen])
        }
        return zip(targets, started).flatMap { finish($0, $1, "machine", output) }
    }

    /// Checks every pair in both directions, one at a time, so that no measurement shares its link with another.
    private func pairs(_ targets: inout [Target], _ output: Monitor<[String: [String]]>) -> [Finding] {
        for index in targets.indices {
            let address = SocketAddress(host: targets[index].connection.host.reachedAt, port: 0)
            targets[index].server = targets[index].connection.start(
                "server", name: "server", arguments: ["doctor", "--serve", "\(address)"] + targets[index].arguments,
                reports: targets[index].reports)
        }
        var findings: [Finding] = []
        var names: [String: String] = [:]
        for target in targets {
            let deadline = MonotonicClock.now + 30
            while let server = target.server, target.reports.address == nil, server.exitCode == nil, MonotonicClock.now < deadline {
                usleep(20_000)
            }
            if let address = target.reports.address {
                names[address] = target.name
            } else {
                findings.append(
                    Finding(
                        target.name, "answering", "failed", .failed,
                        remedy: target.server?.lastWords ?? "it does not listen; run colonnade doctor --serve there by hand to see why"))
            }
        }
        for target in targets {
            let others = names.filter { $0.value != target.name }.keys.sorted()
            guard !others.isEmpty else { continue }
            let process = start(target, "links", ["--links-only", "--seconds", "\(command.seconds)"] + others)
            findings += finish(target, process, "links", output).map { finding in
                var finding = finding
                finding.peer = finding.peer.map { names[$0] ?? $0 }
                return finding
            }
        }
        for target in targets { target.server?.send(SIGTERM) }
        return findings
    }

    private func start(_ target: Target, _ what: String, _ arguments: [String]) -> RemoteProcess {
        target.connection.start(what, name: what, arguments: ["doctor", "--json"] + target.arguments + arguments)
    }

    /// Waits for a host's doctor to end, and returns its findings.
    private func finish(
        _ target: Target, _ process: RemoteProcess, _ what: String, _ output: Monitor<[String: [String]]>
    ) -> [Finding] {
        process.end(within: 60 + 120 * Double(file.hosts.count), by: nil)
        let lines = output.update { $0.removeValue(forKey: "\(target.name) \(what)") } ?? []
        guard let start = lines.firstIndex(of: "{"),
            let diagnosis = try? JSONDecoder().decode(Diagnosis.self, from: Data(lines[start...].joined(separator: "\n").utf8))
        else {
            let words = process.lastWords ?? "it printed nothing"
            return [Finding(target.name, what, "exit code \(process.exitCode ?? -1)", .failed, remedy: words)]
        }
        return diagnosis.findings.map { finding in
            var finding = finding
            finding.host = target.name
            return finding
        }
    }
}
