import ArgumentParser
import Datasets
import Foundation
import Glibc
import Platform
import Security
import Settings
import Supervision
import Tensors

/// `colonnade doctor`: checks whether this machine, or a set of hosts, is fit for a run.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks this machine, or several hosts and the links between them.",
        discussion: """
            Without arguments it checks this machine. With --hosts it checks every host of the file and every pair of hosts, over ssh. \
            With addresses it checks the links to hosts on which `colonnade doctor --serve` runs. Each failure is printed with its remedy.
            """)

    @Argument(help: ArgumentHelp("Hosts on which `colonnade doctor --serve` runs.", valueName: "host:port"))
    var peers: [String] = []

    @Option(
        help: ArgumentHelp("A YAML file with the hosts, as for `colonnade launch`.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var hosts: String?

    @Option(help: ArgumentHelp("Answer other hosts' doctors at this address until interrupted.", valueName: "address:port"))
    var serve: String?

    @Option(help: ArgumentHelp("A packed data set, which must be the same on all hosts.", valueName: "dir"), completion: .directory)
    var data: String?

    @Option(help: ArgumentHelp("The address on which a process will listen; port 0 uses a free port.", valueName: "address:port"))
    var listen = "127.0.0.1:0"

    @Option(help: ArgumentHelp("How long to measure each link.", valueName: "seconds"))
    var seconds: Double = 1

    @Flag(help: "Connect to other hosts without encryption.")
    var insecure = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var security: SecurityOptions

    /// Set for the hosts of a file, whose machines have been checked already.
    @Flag(help: .hidden) var linksOnly = false
    @Option(help: .hidden) var supervisorDescriptor: Int32?

    func validate() throws {
        guard [hosts != nil, serve != nil, !peers.isEmpty].count(where: { $0 }) <= 1 else {
            throw ValidationError("--hosts, --serve and addresses exclude each other; give one")
        }
        guard peers.count <= HostsFile.limit else {
            throw ValidationError("there are \(peers.count) addresses; give at most \(HostsFile.limit)")
        }
        guard seconds >= 0.01, seconds <= 60 else { throw ValidationError("--seconds must be from 0.01 to 60, not \(seconds)") }
    }

    func run() throws {
        ParentProcess.dieWithIt()
        if let serve { return try answer(SocketAddress(parsing: serve)) }
        if let hosts {
            let doctor = try HostsDoctor(HostsFile(path: hosts), self)
            return try conclude(doctor.findings())
        }
        let name = HostIdentity.hostName
        let machine = MachineCheck(host: name, data: data, security: security.request, listen: try SocketAddress(parsing: listen))
        var findings = linksOnly ? [] : machine.findings()
        if !peers.isEmpty {
            let addresses = try peers.map { try SocketAddress(parsing: $0) }
            for address in addresses { try security.request.check(address, isInsecure: insecure) }
            let pairs = PairCheck(host: name, security: try protection(), fingerprint: fingerprint, seconds: seconds)
            findings += addresses.flatMap(pairs.findings)
        }
        try conclude(findings)
    }

    /// Answers other hosts' doctors until the process ends.
    private func answer(_ address: SocketAddress) throws {
        try security.request.check(address, isInsecure: insecure)
        // The doctor of a file of hosts has checked the machine, and says so itself.
        if let data, !linksOnly {
            do { _ = try Dataset(path: data) } catch {
                Terminal.error("\(error)")
                Terminal.error("other hosts' doctors are told that this one has no data set; name one that can be read with --data")
            }
        }
        let signals = SignalWatch()
        let server = try ProbeServer(address, security: try protection(), fingerprint: fingerprint)
        supervisorDescriptor.map { SupervisorReports($0) }?.send(.listening("\(server.address)"))
        Terminal.line("answering doctors at \(server.address); on another host run: colonnade doctor \(server.address)")
        signals.onInterrupt { Glibc.exit(0) }
        withExtendedLifetime((server, signals)) { while true { pause() } }
    }

    /// Returns the protection of links. Every host has a worker's certificate.
    private func protection() throws -> LinkSecurity {
        try security.request.protection(
            .worker, otherwise: .none, log: { Terminal.error($0) }, refused: { Terminal.error("refused: \($0)") })
    }

    /// The data set's fingerprint; empty if it cannot be read, which the machine's own findings report, or `answer`.
    private var fingerprint: String { data.flatMap { try? Dataset(path: $0).manifest.fingerprint } ?? "" }

    private func conclude(_ findings: [Finding]) throws {
        let diagnosis = Diagnosis(findings: findings)
        if json { Terminal.line(try Terminal.json(diagnosis)) } else { diagnosis.show() }
        if diagnosis.failures > 0 { throw ExitCode(CommandFailure.unavailable) }
    }
}
