import Foundation
import HTTPTypes
import Hummingbird
import RunLog
import Tensors

/// The first layer's kernels as they form, from checkpoints.
struct KernelRoutes: Sendable {
    let catalog: RunCatalog
    /// Bytes of pictures at most.
    private static let limit = 4 << 20

    private struct Steps: Encodable { let steps: [Int] }

    private struct Kernels: Encodable {
        let step: Int
        let columns: Int
        let count: Int
        let size: Int
        let channels: Int
        /// Base 64: a byte a channel, channels last, as `KernelPictures` scales them.
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
            throw DashboardError(.notFound, "step \(step) has no checkpoint, or no longer")
        }
        let record = try run.record()
        guard let first = record.plan?.layers.first else {
            throw DashboardError(.notFound, "the run was made by a release that did not note its layers")
        }
        let file = try SafetensorsFile(path: checkpoint.path + "/model.safetensors")
        let name = "\(first).weight"
        guard let shape = file.shape(name)?.extents, shape.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) <= limit,
            let pictures = KernelPictures(try file.array(name), shape)
        else { throw DashboardError(.notFound, "the kernels of \(first) are no pictures") }
        let columns = record.plan?.columns.reduce(0) { $0 + $1.count } ?? 1
        return Kernels(
            step: step, columns: max(1, columns), count: pictures.count, size: pictures.size, channels: pictures.channels,
            pixels: Data(pictures.pixels).base64EncodedString())
    }
}
