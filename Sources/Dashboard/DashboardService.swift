import Foundation
import Hummingbird
import Logging
import NIOCore
public import RunLog
import Threading

/// The web page over the runs of a directory, and the JSON that it is made of. It reads what is on disk; what changes a
/// run it hands to whoever composes it.
public struct DashboardService: Sendable {
    /// What a person may ask of a run.
    public enum Command: String, Sendable { case stop, checkpoint }

    public struct Options: Sendable {
        /// The directory of runs.
        public var runs: String
        public var host: String
        public var port: Int
        /// What allows changes, and off loopback looking.
        public var token: String
        public var isLoopback: Bool
        public var version: String
        /// Asks a run's coordinator; its error's sentence is shown. Called on a thread that may wait.
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
    /// - Parameter listening: called with the port when connections are taken.
    public func run(listening: @escaping @Sendable (Int) -> Void) async throws {
        try await WebServer.run(
            buildRouter(), host: options.host, port: options.port, listening: listening)
    }

    /// Every route; tests build it too.
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
