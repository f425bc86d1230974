/// The kernels of a convolution that reads pictures, as pictures: each scaled by its largest weight, so that a weight of zero is
/// grey everywhere.
public struct KernelPictures: Sendable, Equatable {
    public let count: Int
    /// 3, or 1 for grey pictures.
    public let channels: Int
    /// Pixels of a side.
    public let size: Int
    /// Kernel by kernel, row by row, channels last; a weight that is no number is grey.
    public let pixels: [UInt8]

    /// Nil where the weights are no pictures: of other than 1 or 3 channels, not square, or not as many as the shape says.
    /// - Parameters:
    ///   - weights: row by row.
    ///   - shape: kernels, channels, rows, columns (OIHW).
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
            for place in 0..<area {
                for channel in 0..<channels {
                    let value = values[values.startIndex + channel * area + place] / largest
                    pixels.append(value.isFinite ? UInt8((127.5 + 127.5 * max(-1, min(1, value))).rounded()) : 128)
                }
            }
        }
        self.pixels = pixels
    }

    /// A kernel's pixels.
    public func kernel(_ index: Int) -> ArraySlice<UInt8> {
        let length = channels * size * size
        return pixels[index * length..<(index + 1) * length]
    }
}
