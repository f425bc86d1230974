import HTTPTypes
import Hummingbird
import NIOCore

/// Answers GET /metrics with a text for Prometheus.
public enum MetricsEndpoint {
    /// Serves until the task is cancelled.
    /// - Parameters:
    ///   - token: what a reader has to bring as a bearer token; nil lets everybody read who reaches the port.
    ///   - listening: called with the port when connections are taken.
    ///   - text: the text, made anew for each request.
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
