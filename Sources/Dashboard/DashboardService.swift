import Foundation
import Hummingbird
import Logging
import NIOCore
import Platform
public import RunLog

/// Serves the web page about the runs of a directory, and its JSON API.
///
/// It reads the files of the runs. Commands that change a run are passed to `Options.control`.
public struct DashboardService: Sendable {
    /// A command to an active run.
    public enum Command: String, Sendable { case stop, checkpoint }

    public struct Options: Sendable {
        /// The directory of runs.
        public var runs: String
        public var host: String
        public var port: Int
        /// The secret that permits changes, and beyond loopback also reading.
        public var token: String
        public var isLoopback: Bool
        public var version: String
        /// Sends a command to a run's coordinator. The page shows the description of an error that it throws. It is called on a
        /// thread that may block.
        public var control: @Sendable (RunDirectory, Command) throws -> Void

        public init(
            runs: String, host: String, port: Int, token: String, isLoopback: Bool, version: String,
            control: @escaping @Sendable (RunDirectory, Command) throws -> Void
        ) {
            (self.runs, self.host, self.port, self.token) = (runs, host, port, token)
            (self.isLoopback, self.version, self.control) = (isLoopback, version, control)
        }
    }

    private let options: Options

    public init(_ options: Options) { self.options = options }

    /// Serves until the process is asked to end.
    /// - Parameter listening: is called with the port when the server accepts connections.
    /// - Throws: `DashboardError` if the address cannot be listened on.
    public func run(listening: @escaping @Sendable (Int) -> Void) async throws {
        try await WebServer.run(
            buildRouter(), host: options.host, port: options.port, listening: listening)
    }

    /// Returns a router with every route.
    func buildRouter() -> Router<BasicRequestContext> {
        let router = Router()
        let sessions = Sessions(token: options.token)
        router.add(middleware: SecurityHeaders())
        router.add(middleware: WebErrors())
        if options.isLoopback { router.add(middleware: LoopbackHosts()) }
        PageRoutes().add(to: router)
        SessionRoutes(sessions: sessions, version: options.version, guardsReading: !options.isLoopback).add(to: router)
        let reading = router.group("api")
        if !options.isLoopback { reading.add(middleware: RequiresSession(sessions: sessions)) }
        let catalog = RunCatalog(runs: options.runs)
        RunRoutes(catalog: catalog).add(to: reading)
        CurveRoutes(catalog: catalog).add(to: reading)
        LogRoutes(catalog: catalog).add(to: reading)
        KernelRoutes(catalog: catalog).add(to: reading)
        LiveRoutes(catalog: catalog).add(to: reading)
        let changing = router.group("api").add(middleware: RequiresSession(sessions: sessions)).add(middleware: SameOrigin())
        ControlRoutes(catalog: catalog, control: options.control).add(to: changing)
        return router
    }
}
