import Foundation
import HTTPTypes
import Hummingbird
import RunLog

/// Routes for the list of runs, for one run, and for comparing several.
struct RunRoutes: Sendable {
    let catalog: RunCatalog

    private struct Document: Encodable {
        let record: RunRecord
        /// The same figures as in the list of runs, from the same place.
        let summary: RunCatalog.Entry?
        let status: RunStatus?
        let layers: [String]
        let exchange: [RunRecord.Plan.Exchange]
    }

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("runs") { _, _ in
            try WebJSON.response(try await RunCatalog.onDisk { catalog.entries() })
        }
        router.get("runs/:name") { _, context in
            let name = try context.runName
            return try WebJSON.response(
                try await RunCatalog.onDisk {
                    let run = try catalog.run(name)
                    let record = try run.record()
                    return Document(
                        record: record, summary: catalog.entry(run), status: run.status(), layers: record.plan?.layers ?? [],
                        exchange: record.plan?.exchange ?? [])
                })
        }
        router.get("compare") { request, _ in
            let names = (request.uri.queryParameters["runs"] ?? "").split(separator: ",").map { String($0).removingPercentEncoding ?? "" }
            guard (1...8).contains(names.count) else {
                throw DashboardError(.badRequest, "the request must name 1 to 8 runs, as in ?runs=first,second")
            }
            return try WebJSON.response(
                try await RunCatalog.onDisk { try RunComparison(names.map { try catalog.run($0) }) })
        }
    }
}
