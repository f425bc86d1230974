/// The kernels of a convolution over images, drawn as images. Each kernel is scaled by its largest weight, so that zero is the same
/// grey in all of them.
public struct KernelImages: Sendable, Equatable {
    public let count: Int
    /// 3, or 1 for grey images.
    public let channels: Int
    /// Width and height in pixels.
    public let size: Int
    /// Kernels × rows × columns × channels; a weight that is not finite is grey.
    public let pixels: [UInt8]

    /// Returns nil unless the kernels are square, have 1 or 3 channels, and `weights` has as many elements as `shape`.
    /// - Parameters:
    ///   - weights: row-major.
    ///   - shape: OIHW: kernels, channels, rows, columns.
    public init?(_ weights: [Float], _ shape: [Int]) {
        guard shape.count == 4, shape.allSatisfy({ (1...1 << 20).contains($0) }), [1, 3].contains(shape[1]), shape[2] == shape[3] else {
            return nil
        }
        (count, channels, size) = (shape[0], shape[1], shape[2])
        let area = size * size
        guard weights.count == count * channels * area else { return nil }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(weights.count)
        for kernel in 0..<count {
            let values = weights[kernel * channels * area..<(kernel + 1) * channels * area]
            let largest = values.reduce(Float.leastNormalMagnitude) { $1.isFinite ? max($0, abs($1)) : $0 }
            for pixel in 0..<area {
                for channel in 0..<channels {
                    let value = values[values.startIndex + channel * area + pixel] / largest
                    pixels.append(value.isFinite ? UInt8((127.5 + 127.5 * max(-1, min(1, value))).rounded()) : 128)
                }
            }
        }
        self.pixels = pixels
    }

    /// The pixels of one kernel: rows × columns × channels.
    public func kernel(_ index: Int) -> ArraySlice<UInt8> {
        let length = channels * size * size
        return pixels[index * length..<(index + 1) * length]
    }
}
