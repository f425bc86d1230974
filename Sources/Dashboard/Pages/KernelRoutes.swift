import Foundation
import HTTPTypes
import Hummingbird
import RunLog
import Tensors

/// Routes for the kernels of the first layer at each checkpoint.
struct KernelRoutes: Sendable {
    let catalog: RunCatalog
    /// The largest number of weights, one byte each.
    private static let limit = 4 << 20

    private struct Steps: Encodable { let steps: [Int] }

    private struct Kernels: Encodable {
        let step: Int
        let columns: Int
        let count: Int
        let size: Int
        let channels: Int
        /// The kernels scaled by `KernelImages`, channels last, one byte per channel, in Base64.
        let pixels: String
    }

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("runs/:name/kernels") { request, context in
            let name = try context.runName
            guard request.uri.queryParameters["step"] != nil else {
                return try WebJSON.response(
                    try await RunCatalog.onDisk { Steps(steps: try catalog.run(name).checkpoints().map(\.step)) })
            }
            let step = try request.number("step", in: 0...Int.max, otherwise: 0)
            return try WebJSON.response(try await RunCatalog.onDisk { try Self.kernels(try catalog.run(name), step: step) })
        }
    }

    private static func kernels(_ run: RunDirectory, step: Int) throws -> Kernels {
        guard let checkpoint = run.checkpoints().first(where: { $0.step == step }) else {
            throw DashboardError(.notFound, "step \(step) has no checkpoint, or it has been removed; choose another step")
        }
        let record = try run.record()
        guard let first = record.plan?.layers.first else {
            throw DashboardError(.notFound, "the run's record has no layers, because an older release wrote it")
        }
        let file = try SafetensorsFile(path: checkpoint.path + "/model.safetensors")
        let name = "\(first).weight"
        guard let shape = file.shape(name)?.extents, shape.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) <= limit,
            let images = KernelImages(try file.array(name), shape)
        else { throw DashboardError(.notFound, "the kernels of \(first) cannot be shown as images") }
        return Kernels(
            step: step, columns: max(1, record.plan?.columnCount ?? 1), count: images.count, size: images.size, channels: images.channels,
            pixels: Data(images.pixels).base64EncodedString())
    }
}
