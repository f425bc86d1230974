import Tensors

/// Turns stored bytes into what the network reads: a part of the image, perhaps mirrored, minus the mean of its
/// pixels, plus a shift of each channel (paper §2, §4.1), times a scale.
public final class PatchRenderer: Sendable {
    /// What is done to one image.
    struct Variation {
        var top: Int
        var left: Int
        var isMirrored = false
        var shift: (Float, Float, Float) = (0, 0, 0)
    }

    private let channels: Int
    private let storedHeight: Int
    private let storedWidth: Int
    private let height: Int
    private let width: Int
    private let scale: Float
    /// A copy whose address stays.
    private let mean: TensorBuffer

    /// - Parameters:
    ///   - mean: planar, of the stored images' size, 0–255.
    ///   - stored: channels, height and width of stored images.
    ///   - height: rows that the network reads.
    ///   - width: columns that the network reads.
    ///   - scale: multiplies the difference; 1 in the paper.
    public init(mean: [Float], stored: [Int], height: Int, width: Int, scale: Float = 1) throws {
        guard stored.count == 3, stored.allSatisfy({ (1...DatasetManifest.sideLimit).contains($0) }),
            mean.count == stored.reduce(1, *), (1...stored[1]).contains(height), (1...stored[2]).contains(width)
        else {
            throw DatasetError(
                "a mean of \(mean.count) values does not go with stored images of "
                    + "\(stored.map(String.init).joined(separator: "×")) and a network that reads \(height)×\(width)")
        }
        (channels, storedHeight, storedWidth) = (stored[0], stored[1], stored[2])
        (self.height, self.width, self.scale) = (height, width, scale)
        self.mean = TensorBuffer(floats: mean.count)
        _ = self.mean.floats.update(fromContentsOf: mean)
    }

    /// The floats of one prepared image.
    public var imageFloats: Int { channels * height * width }

    /// Writes one patch of an image: planar bytes of the stored size.
    public func render(pixels: [UInt8], patch: Patch, image: UnsafeMutableBufferPointer<Float>) throws {
        guard pixels.count == channels * storedHeight * storedWidth, let output = image.baseAddress,
            image.count >= imageFloats
        else {
            throw DatasetError("an image of \(pixels.count) bytes is not one of \(channels)×\(storedHeight)×\(storedWidth)")
        }
        pixels.withUnsafeBytes { render($0, variation(patch), output) }
    }

    func variation(_ patch: Patch) -> Variation {
        Variation(
            top: patch.vertical.offset(height, in: storedHeight), left: patch.horizontal.offset(width, in: storedWidth),
            isMirrored: patch.isMirrored)
    }

    /// Value = (byte − mean at the pixel's place in the stored image + the channel's shift) · scale.
    func render(_ pixels: UnsafeRawBufferPointer, _ variation: Variation, _ output: UnsafeMutablePointer<Float>) {
        guard let bytes = pixels.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let means = mean.floats.baseAddress
        else { return }
        for channel in 0..<channels {
            let shift = [variation.shift.0, variation.shift.1, variation.shift.2, 0][min(channel, 3)]
            for row in 0..<height {
                let start = (channel * storedHeight + variation.top + row) * storedWidth + variation.left
                let (source, average) = (bytes + start, means + start)
                let target = output + (channel * height + row) * width
                if variation.isMirrored {
                    for x in 0..<width {
                        target[x] = (Float(source[width &- 1 &- x]) - average[width &- 1 &- x] + shift) * scale
                    }
                } else {
                    for x in 0..<width { target[x] = (Float(source[x]) - average[x] + shift) * scale }
                }
            }
        }
    }
}
