import Platform
import Protocol
import RunLog
import Security

/// Sends commands to a run's coordinator, at the address in the run's record.
enum RunCommandSender {
    /// Sends a command.
    /// - Parameter certificates: a directory with a dashboard's certificate, for runs that use certificates; others use the run's token.
    static func send(
        _ kind: WireCommand.Kind, workers: Int = 0, replicas: Int = 0, to run: RunDirectory, certificates: String?
    ) throws {
        guard let coordinator = try run.record().coordinator else {
            throw CommandFailure(
                CommandFailure.unavailable,
                "\(run.path) has no address of a coordinator: the run has ended or is just starting; if it is starting, try again")
        }
        let address = try SocketAddress(parsing: coordinator)
        let protection: LinkSecurity.Protection
        if let certificates {
            protection = .encrypted(try TLSMaterial(directory: certificates, role: .dashboard) { _ in })
        } else {
            do { protection = .plain(try .file(run.tokenPath)) } catch {
                throw CommandFailure(
                    CommandFailure.noPermission,
                    "\(error); a run with certificates accepts commands with --certificates, and one with --insecure accepts none")
            }
        }
        var command = WireCommand()
        (command.kind, command.workers, command.replicas) = (kind, UInt32(clamping: workers), UInt32(clamping: replicas))
        try RunControl.ask(command, of: address, security: LinkSecurity(protection))
    }
}
