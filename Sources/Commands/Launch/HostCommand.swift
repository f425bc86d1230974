import ArgumentParser
import Glibc
import Supervision

/// `colonnade host`: carries out what `launch` and `doctor` ask of this host over ssh. People do not call it.
struct HostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Starts and ends processes on this host for `colonnade launch`.", shouldDisplay: false)

    func run() throws {
        let signals = SignalWatch()
        // A terminal that is gone takes nothing with it here: the end of the input says that nobody is there any more.
        signal(SIGHUP, SIG_IGN)
        let service = try HostService(input: 0, output: 1)
        signals.onInterrupt { service.stop() }
        service.serve()
    }
}
