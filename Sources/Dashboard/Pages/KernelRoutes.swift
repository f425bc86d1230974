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
        /// Base 64: a byte a channel, channels last, each kernel scaled to its own range.
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
        guard let shape = file.shape(name)?.extents, shape.count == 4, [1, 3].contains(shape[1]), shape[2] == shape[3],
            shape.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) <= limit
        else { throw DashboardError(.notFound, "the kernels of \(first) are no pictures") }
        let (count, channels, size) = (shape[0], shape[1], shape[2])
        let weights = try file.array(name)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(weights.count)
        for kernel in 0..<count {
            let values = weights[kernel * channels * size * size..<(kernel + 1) * channels * size * size]
            let (least, most) = (values.min() ?? 0, values.max() ?? 0)
            let scale = most > least ? 255 / (most - least) : 0
            for place in 0..<size * size {
                for channel in 0..<channels {
                    let value = (values[values.startIndex + channel * size * size + place] - least) * scale
                    pixels.append(value.isFinite ? UInt8(min(max(value, 0), 255)) : 128)
                }
            }
        }
        let columns = record.plan?.columns.reduce(0) { $0 + $1.count } ?? 1
        return Kernels(
            step: step, columns: max(1, columns), count: count, size: size, channels: channels,
            pixels: Data(pixels).base64EncodedString())
    }
}
