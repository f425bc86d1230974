import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Runs a router until the process is asked to end.
enum WebServer {
    static func run(
        _ router: Router<BasicRequestContext>, host: String, port: Int, stopsOnSignals: Bool = true,
        listening: @escaping @Sendable (Int) -> Void
    ) async throws {
        // What goes wrong is said to whoever asks, or thrown; a log of requests would only grow.
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
