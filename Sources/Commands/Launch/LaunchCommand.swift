import ArgumentParser
import Foundation
import Glibc
import Settings
import Supervision

/// `colonnade launch`: a run on the hosts of a file, over ssh.
struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch", abstract: "Trains on several hosts, which it reaches over ssh.",
        discussion: """
            The coordinator is started on the first host of the file, workers on each. Options are those of `train`; paths are the coordinator's \
            host's, but for --hosts and --config, which are read here.
            """)

    @Option(
        help: ArgumentHelp("A YAML file with the hosts (see docs/launching.md).", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var hosts: String

    @Flag(help: "Connect hosts without encryption. Anyone on the way can read and change what is sent.")
    var insecure = false

    @OptionGroup var options: RunOptions

    func validate() throws {
        guard options.security.tokenDescriptor == nil else {
            throw ValidationError("--token-descriptor is of this machine alone; leave it out, and certificates are made for the run")
        }
        guard !insecure || options.security.certificates == nil else {
            throw ValidationError("--insecure and --certificates exclude each other; give one")
        }
    }

    func run() throws {
        let signals = SignalWatch()
        // A command that is suspended says nothing, and hosts would take it to be gone.
        signal(SIGTSTP, SIG_IGN)
        let file = try HostsFile(path: hosts)
        let output = HostOutput(hosts: file.hosts.map(\.label), processes: "coordinator".count)
        let launch = try Launch(file, request: options.request, isInsecure: insecure, reporter: TerminalReporter()) {
            output.show($0, $1, $2)
        }
        signals.onInterrupt { launch.interrupt() }
        try launch.run()
        withExtendedLifetime(signals) {}
    }
}
