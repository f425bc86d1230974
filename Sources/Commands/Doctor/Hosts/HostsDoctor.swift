import Foundation
import Glibc
import Threading
import Wire

/// Looks at every host of a file and at every pair of them, over ssh.
struct HostsDoctor {
    private let file: HostsFile
    private let command: DoctorCommand
    private let certificates: HostCertificates?

    init(_ file: HostsFile, _ command: DoctorCommand) throws {
        (self.file, self.command) = (file, command)
        let isMade = !command.insecure && command.security.certificates == nil
        certificates = isMade ? try HostCertificates(file.hosts.map { ($0.label, [.worker]) }) : nil
    }

    /// A host that was reached, and what its doctors are told.
    private struct Patient {
        let connection: HostConnection
        let arguments: [String]
        var server: RemoteProcess?
        var name: String { connection.host.label }
    }

    func findings() throws -> [Finding] {
        let said = Monitor([String: [String]]())
        let found = HostGroup.open(file.hosts) { host, process, line in
            // What doctors print, by the name that they were started with; ssh's words are in what is thrown.
            said.update { $0["\(host) \(process)", default: []].append(line) }
        }
        var findings = found.map { host, result in Finding(host.label, "ssh") { "reached as \(try result.get().1.hostName)" } }
        let connections = found.compactMap { try? $0.result.get() }
        defer {
            for (connection, _) in connections { connection.close() }
            for (connection, _) in connections { connection.waitForEnd(within: 30) }
        }
        // Another release may not understand what it is asked.
        let (same, others) = (connections.filter { $0.1.version == Product.version }, connections.filter { $0.1.version != Product.version })
        findings += HostGroup.differences(others.map { ($0.0.host.label, $0.1) }, version: Product.version).enumerated().map {
            Finding(others[$0].0.host.label, "release", others[$0].1.version, .failed, remedy: $1)
        }
        var patients: [Patient] = []
        for (connection, _) in same {
            do {
                try connection.enterDirectory()
                patients.append(Patient(connection: connection, arguments: try arguments(connection)))
            } catch {
                findings.append(
                    Finding(connection.host.label, "directory", "failed", .failed, remedy: CommandFailure(error)?.description ?? "\(error)"))
            }
        }
        findings += machines(patients, said)
        return findings + pairs(&patients, said)
    }

    private func arguments(_ connection: HostConnection) throws -> [String] {
        var limits = command.security
        limits.certificates = nil
        var arguments = limits.arguments
        if command.insecure { arguments.append("--insecure") }
        if let certificates { arguments += ["--certificates", try certificates.send(to: connection)] }
        if let stated = command.security.certificates { arguments += ["--certificates", stated] }
        if let data = connection.host.data ?? command.data { arguments += ["--data", data] }
        return arguments
    }

    /// Every host by itself, all at once.
    private func machines(_ patients: [Patient], _ said: Monitor<[String: [String]]>) -> [Finding] {
        let started = patients.map { patient in
            let listen = "\(SocketAddress(host: patient.connection.host.reachedAt, port: patient.name == file.first.label ? file.coordinatorPort : 0))"
            return start(patient, "machine", ["--listen", listen])
        }
        return zip(patients, started).flatMap { finish($0, $1, "machine", said) }
    }

    /// Every pair in both directions, one after the other: each has its link to itself.
    private func pairs(_ patients: inout [Patient], _ said: Monitor<[String: [String]]>) -> [Finding] {
        for index in patients.indices {
            let address = SocketAddress(host: patients[index].connection.host.reachedAt, port: 0)
            patients[index].server = patients[index].connection.start(
                "server", name: "server", arguments: ["doctor", "--serve", "\(address)"] + patients[index].arguments, announces: true)
        }
        var findings: [Finding] = []
        var names: [String: String] = [:]
        for patient in patients {
            let deadline = MonotonicClock.now + 30
            while let server = patient.server, server.address == nil, server.exitCode == nil, MonotonicClock.now < deadline { usleep(20_000) }
            if let address = patient.server?.address {
                names[address] = patient.name
            } else {
                findings.append(
                    Finding(
                        patient.name, "answering", "failed", .failed,
                        remedy: patient.server?.lastWords ?? "it does not listen; try colonnade doctor --serve there by hand"))
            }
        }
        for patient in patients {
            let others = names.filter { $0.value != patient.name }.keys.sorted()
            guard !others.isEmpty else { continue }
            let process = start(patient, "links", ["--links-only", "--seconds", "\(command.seconds)"] + others)
            findings += finish(patient, process, "links", said).map { finding in
                var finding = finding
                finding.peer = finding.peer.map { names[$0] ?? $0 }
                return finding
            }
        }
        for patient in patients { patient.server?.send(SIGTERM) }
        return findings
    }

    private func start(_ patient: Patient, _ what: String, _ arguments: [String]) -> RemoteProcess {
        patient.connection.start(what, name: what, arguments: ["doctor", "--json"] + patient.arguments + arguments)
    }

    /// What a doctor on a host has found.
    private func finish(_ patient: Patient, _ process: RemoteProcess, _ what: String, _ said: Monitor<[String: [String]]>) -> [Finding] {
        process.end(within: 60 + 120 * Double(file.hosts.count), by: nil)
        let lines = said.update { $0.removeValue(forKey: "\(patient.name) \(what)") } ?? []
        guard let start = lines.firstIndex(of: "{"), let diagnosis = try? JSONDecoder().decode(Diagnosis.self, from: Data(lines[start...].joined(separator: "\n").utf8)) else {
            let words = process.lastWords ?? "it said nothing"
            return [Finding(patient.name, what, "exit code \(process.exitCode ?? -1)", .failed, remedy: words)]
        }
        return diagnosis.findings.map { finding in
            var finding = finding
            finding.host = patient.name
            return finding
        }
    }
}
