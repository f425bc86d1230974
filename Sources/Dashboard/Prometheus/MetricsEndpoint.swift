import HTTPTypes
import Hummingbird
import NIOCore

/// Serves GET /metrics for Prometheus.
public enum MetricsEndpoint {
    /// Serves until the task is cancelled.
    /// - Parameters:
    ///   - token: The required bearer token; nil permits everybody who can reach the port to read.
    ///   - listening: Is called with the port when the server accepts connections.
    ///   - text: Returns the text. It is called for each request.
    public static func run(
        host: String, port: Int, token: String?, listening: @escaping @Sendable (Int) -> Void, text: @escaping @Sendable () -> String
    ) async throws {
        let router = Router()
        router.add(middleware: SecurityHeaders())
        router.add(middleware: WebErrors())
        let group = router.group("")
        if let token { group.add(middleware: RequiresSession(sessions: Sessions(token: token))) }
        group.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text())))
        }
        try await WebServer.run(router, host: host, port: port, stopsOnSignals: false, listening: listening)
    }
}
