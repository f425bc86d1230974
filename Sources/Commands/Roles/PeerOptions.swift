import ArgumentParser
import Wire

/// What workers and stores have in common.
struct PeerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where peers connect (default: a free port on the address that reaches the coordinator).", valueName: "address:port"))
    var listen: String?

    @Flag(help: "Connect to another host without encryption. Anyone on the way can read and change what is sent.")
    var insecure = false

    @OptionGroup var security: SecurityOptions

    var address: SocketAddress? { get throws { try listen.map { try SocketAddress(parsing: $0) } } }

    /// The coordinator's address, if it may be connected to.
    func check(_ coordinator: String) throws -> SocketAddress {
        let address = try SocketAddress(parsing: coordinator)
        if security.certificates == nil, !insecure {
            guard address.isLoopback else {
                throw CommandFailure(
                    CommandFailure.usage,
                    "\(address) is another host and this connection is not encrypted; name certificates with --certificates, or "
                        + "say --insecure if everyone on that network is trusted")
            }
            guard try self.address?.isLoopback ?? true else {
                throw CommandFailure(
                    CommandFailure.usage,
                    "\(listen ?? "") is reachable from other hosts and its connections are not encrypted; name certificates with "
                        + "--certificates, or say --insecure if everyone on that network is trusted")
            }
        }
        if security.certificates == nil, !address.isLoopback {
            Terminal.line("warning: \(address) is another host, and nothing that is sent is encrypted (--insecure)")
        }
        return address
    }

    /// How the process's connections are protected.
    func protection(_ role: PeerRole, _ log: ProcessLog) throws -> LinkSecurity {
        try security.protection(
            role, otherwise: insecure ? .none : .published(), log: { log($0) }, refused: { log.warning($0) })
    }
}
