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
        let first_failure: MergedLog.Line?
        let lines: [MergedLog.Line]
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
            return try WebJSON.response(
                try await RunCatalog.onDisk {
                    let run = try catalog.run(name)
                    let log = MergedLog(log: run.log(), events: run.events())
                    return Lines(
                        next: log.lines.count, first_failure: log.firstFailure, lines: Array(log.lines.dropFirst(after).suffix(Self.limit)))
                })
        }
    }
}
