import Foundation
import HTTPTypes
import Hummingbird
import RunLog

/// Curves, norms and timelines.
struct CurveRoutes: Sendable {
    let catalog: RunCatalog
    /// Lines of norms that are read at most: of more every second, third … is left out.
    private static let normsLimit = 400

    /// Norms as curves: `weight[i][j]` is the norm of `tensors[i]` after `step[j]`. (metrics.jsonl has a line a step, so the other way round.)
    private struct Norms: Encodable {
        var tensors: [String] = []
        var step: [Int] = []
        var weight: [[Double]] = []
        var update: [[Double]] = []

        /// Adds a step's record. One that has other tensors than the first, or not a figure for each, is left out.
        mutating func append(_ line: NormsMetrics) {
            if step.isEmpty {
                tensors = line.tensors
                (weight, update) = (tensors.map { _ in [] }, tensors.map { _ in [] })
            }
            guard line.tensors == tensors, line.weight.count == tensors.count, line.update.count == tensors.count else { return }
            step.append(line.step)
            for index in tensors.indices {
                weight[index].append(line.weight[index])
                update[index].append(line.update[index])
            }
        }
    }

    private struct TracedSteps: Encodable { let steps: [Int] }

    private struct Timeline: Encodable {
        struct Process: Encodable {
            let role: String
            let rank: Int
            let origin: UInt64
            let uncertainty: UInt64?
            let spans: [TimelineLine.Span]
        }
        let step: Int
        let processes: [Process]
    }

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("runs/:name/metrics") { request, context in
            let name = try context.runName
            let points = try request.number("points", in: 1...5000, otherwise: 800)
            let first = try request.number("from", in: 0...Int.max, otherwise: 0)
            let last = try request.number("to", in: 0...Int.max, otherwise: Int.max)
            guard first <= last else { throw DashboardError(.badRequest, "from has to be at most to") }
            return try WebJSON.response(
                try await RunCatalog.onDisk {
                    MetricsSeries(MetricsIndex(try catalog.run(name)), range: first...last, points: points)
                })
        }
        router.get("runs/:name/norms") { _, context in
            let name = try context.runName
            return try WebJSON.response(try await RunCatalog.onDisk { Self.norms(try catalog.run(name)) })
        }
        router.get("runs/:name/timeline") { request, context in
            let name = try context.runName
            guard request.uri.queryParameters["step"] != nil else {
                return try WebJSON.response(
                    try await RunCatalog.onDisk { TracedSteps(steps: try catalog.timelines(name).steps()) })
            }
            let step = try request.number("step", in: 0...Int.max, otherwise: 0)
            return try WebJSON.response(
                try await RunCatalog.onDisk {
                    let lines = try catalog.timelines(name).lines(of: step)
                    guard !lines.isEmpty else { throw DashboardError(.notFound, "step \(step) was not traced") }
                    return Timeline(
                        step: step,
                        processes: lines.sorted { ($0.role == "store" ? 1 : 0, $0.rank) < ($1.role == "store" ? 1 : 0, $1.rank) }.map {
                            .init(role: $0.role, rank: $0.rank, origin: $0.origin, uncertainty: $0.uncertainty, spans: $0.spans)
                        })
                })
        }
    }

    private static func norms(_ run: RunDirectory) -> Norms {
        var entries: [MetricsIndex.Entry] = []
        MetricsIndex(run).forEach { if $0.kind == .norms { entries.append($0) } }
        let stride = max(1, (entries.count + normsLimit - 1) / normsLimit)
        var norms = Norms()
        for (index, entry) in entries.enumerated() where (entries.count - 1 - index) % stride == 0 {
            guard let line = run.line(entry), case .norms(let found)? = MetricsLine(line: line) else { continue }
            norms.append(found)
        }
        return norms
    }
}
