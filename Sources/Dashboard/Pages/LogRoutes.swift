import Foundation
import Hummingbird
import RunLog

/// Routes for the events and the merged log of a run.
struct LogRoutes: Sendable {
    let catalog: RunCatalog
    /// The largest number of lines in a response. The last ones are returned.
    private static let limit = 2000

    private struct Events: Encodable {
        let next: Int
        let events: [RunEvent]
    }

    private struct Lines: Encodable {
        let next: Int
        /// Identifies all lines so far. A reader sends it with `after`, and gets later lines only if those that it has have not changed.
        let digest: String
        /// The number of the first of these lines. Unless it is `after`, they replace those that a reader has.
        let first: Int
        let first_failure: MergedLog.Line?
        let lines: [MergedLog.Line]

        init(_ log: MergedLog, after: Int, digest known: String?, limit: Int) {
            (next, digest, first_failure) = (log.lines.count, log.digest(first: log.lines.count), log.firstFailure)
            let isKnown = after <= log.lines.count && known.map { $0 == log.digest(first: after) } ?? true
            first = max(isKnown ? after : 0, log.lines.count - limit)
            lines = Array(log.lines.dropFirst(first))
        }
    }

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("runs/:name/events") { request, context in
            let (name, after) = (try context.runName, try request.number("after", in: 0...Int.max, otherwise: 0))
            return try WebJSON.response(
                try await RunCatalog.onDisk {
                    let events = try catalog.run(name).events()
                    return Events(next: events.count, events: Array(events.dropFirst(after).suffix(Self.limit)))
                })
        }
        router.get("runs/:name/log") { request, context in
            let (name, after) = (try context.runName, try request.number("after", in: 0...Int.max, otherwise: 0))
            let digest = request.uri.queryParameters["digest"].map(String.init)
            return try WebJSON.response(
                try await RunCatalog.onDisk {
                    let run = try catalog.run(name)
                    return Lines(MergedLog(log: run.log(), events: run.events()), after: after, digest: digest, limit: Self.limit)
                })
        }
    }
}
