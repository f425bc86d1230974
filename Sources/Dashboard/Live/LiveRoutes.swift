import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import RunLog

/// Streams of changes as server-sent events.
struct LiveRoutes: Sendable {
    let catalog: RunCatalog
    /// The largest number of simultaneous streams. Browsers retry by themselves after a rejection.
    private static let limit = 64
    private let slots = StreamSlots(limit)

    init(catalog: RunCatalog) { self.catalog = catalog }

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("stream") { _, _ in
            try stream { send in
                var shown: [RunCatalog.Entry]?
                while true {
                    let entries = try await RunCatalog.onDisk { catalog.entries() }
                    if entries != shown {
                        try await send("runs", try WebJSON.data(entries))
                        shown = entries
                    } else {
                        try await send(nil, Data())
                    }
                    try await Task.sleep(for: .seconds(1))
                }
            }
        }
        router.get("runs/:name/stream") { _, context in
            let name = try context.runName
            let run = try await RunCatalog.onDisk { try catalog.run(name) }
            return try stream { send in
                var follower = try await RunCatalog.onDisk { RunFollower(run) }
                while true {
                    let current = follower
                    let (next, changes) = try await RunCatalog.onDisk { () -> (RunFollower, [RunFollower.Change]) in
                        var follower = current
                        let changes = try follower.changes()
                        return (follower, changes)
                    }
                    follower = next
                    for change in changes { try await send(change.name, change.data) }
                    // Writing a comment regularly detects that the browser has disconnected.
                    if changes.isEmpty { try await send(nil, Data()) }
                    try await Task.sleep(for: .milliseconds(250))
                }
            }
        }
    }

    private func stream(
        _ body: @escaping @Sendable (_ send: (String?, Data) async throws -> Void) async throws -> Void
    ) throws -> Response {
        guard let slot = slots.take() else { throw DashboardError(.serviceUnavailable, "too many pages are open; close some of them") }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: .init { writer in
                // The response holds the slot, also where its client is gone before the body is written.
                defer { withExtendedLifetime(slot) {} }
                var quiet = 0
                try await body { name, data in
                    var buffer = ByteBuffer()
                    if let name {
                        buffer.writeString("event: \(name)\ndata: ")
                        buffer.writeBytes(data)
                        buffer.writeString("\n\n")
                        quiet = 0
                    } else {
                        quiet += 1
                        guard quiet % 20 == 0 else { return }
                        buffer.writeString(":\n\n")
                    }
                    try await writer.write(buffer)
                }
                try await writer.finish(nil)
            })
    }
}
