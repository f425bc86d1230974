import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Runs an HTTP server.
enum WebServer {
    /// Serves a router until the process is asked to end.
    /// - Throws: `DashboardError` if the address cannot be listened on.
    static func run(
        _ router: Router<BasicRequestContext>, host: String, port: Int, stopsOnSignals: Bool = true,
        listening: @escaping @Sendable (Int) -> Void
    ) async throws {
        // Errors are returned to the client or thrown, so no log is needed.
        var logger = Logger(label: "web")
        logger.logLevel = .critical
        let application = Application(
            router: router, configuration: .init(address: .hostname(host, port: port), serverName: "colonnade"),
            onServerRunning: { listening($0.localAddress?.port ?? port) }, logger: logger)
        do {
            if stopsOnSignals { try await application.runService(gracefulShutdownSignals: []) } else { try await application.run() }
        } catch let error as IOError {
            throw DashboardError(
                .internalServerError,
                "cannot listen on \(host):\(port): \(String(describing: error)); choose another address or port with --listen")
        }
    }
}
