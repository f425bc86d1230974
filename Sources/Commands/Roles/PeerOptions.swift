import ArgumentParser
import Platform
import Protocol
import Security
import Settings

/// The options that workers and stores have in common.
struct PeerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where peers connect (default: a free port on the address that reaches the coordinator).", valueName: "address:port"))
    var listen: String?

    @Flag(help: "Connect to another host without encryption. Anyone on the network path can read and change the traffic.")
    var insecure = false

    @Option(help: ArgumentHelp("How long to try to reach the coordinator before giving up.", valueName: "seconds"))
    var coordinatorPatience: Double = 30

    @OptionGroup var stopped: StoppedOption
    @OptionGroup var left: LeftOption
    @OptionGroup var security: SecurityOptions

    func validate() throws {
        guard (0...31_536_000).contains(coordinatorPatience) else {
            throw ValidationError("--coordinator-patience must be a number of seconds, not \(coordinatorPatience)")
        }
    }

    /// Prints how the run ended, and exits accordingly.
    func end(_ outcome: SessionOutcome) throws {
        switch outcome {
        case .finished: Terminal.line("the run has ended")
        case .stopped:
            Terminal.line("the run was stopped")
            try stopped.end()
        case .left(let step):
            Terminal.line("left the run after \(step); the run continues without this process")
            try left.end()
        case .failed(let reason): throw CommandFailure(CommandFailure.temporary, reason)
        case .failedForGood(let reason): throw CommandFailure(CommandFailure.runFailed, reason)
        }
    }

    var address: SocketAddress? { get throws { try listen.map { try SocketAddress(parsing: $0) } } }

    /// Returns the coordinator's address. Throws if connections would have to be encrypted and are not.
    func check(_ coordinator: String) throws -> SocketAddress {
        let address = try SocketAddress(parsing: coordinator)
        try security.request.check(address, isInsecure: insecure)
        if let own = try self.address { try security.request.check(own, isInsecure: insecure) }
        if security.certificates == nil, !address.isLoopback {
            Terminal.line("warning: \(address) is another host, and its connections are not encrypted (--insecure)")
        }
        return address
    }

    /// Returns the protection of the process's connections.
    func protection(_ role: PeerRole, _ log: ProcessLog) throws -> LinkSecurity {
        try security.request.protection(
            role, otherwise: insecure ? .none : .published(), log: { log($0) }, refused: { log.warning($0) })
    }
}
