import RunLog
import Wire

/// Asks the coordinator of a run for something, wherever it says that it listens.
enum RunCommandSender {
    /// - Parameter certificates: with a dashboard's, for runs that have them; others prove themselves by the run's token.
    static func send(_ kind: WireCommand.Kind, workers: Int = 0, replicas: Int = 0, to run: RunDirectory, certificates: String?) throws {
        guard let place = try run.record().coordinator else {
            throw CommandFailure(CommandFailure.unavailable, "\(run.path) does not say where its coordinator listens; it has ended, or is just starting")
        }
        let address = try SocketAddress(parsing: place)
        let protection: LinkSecurity.Protection
        if let certificates {
            protection = .encrypted(try TLSMaterial(directory: certificates, role: .dashboard) { _ in })
        } else {
            do { protection = .plain(try .file(run.tokenPath)) } catch {
                throw CommandFailure(
                    CommandFailure.noPermission,
                    "\(error); a run with certificates takes commands with --certificates, and one with --insecure takes none")
            }
        }
        var command = WireCommand()
        (command.kind, command.workers, command.replicas) = (kind, UInt32(clamping: workers), UInt32(clamping: replicas))
        try RunControl.ask(command, of: address, security: LinkSecurity(protection))
    }
}
