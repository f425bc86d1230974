import Tensors

/// Renders stored bytes as the network's input (paper §2, §4.1).
///
/// Takes a crop of the image, mirrors it if asked to, subtracts the mean of each pixel, adds a shift to each channel, and
/// multiplies by a scale.
public final class PatchRenderer: Sendable {
    /// The augmentation of one image.
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
    /// A copy with a fixed address.
    private let mean: TensorBuffer

    /// - Parameters:
    ///   - mean: Planar CHW, of the size of the stored images, values 0...255.
    ///   - stored: Channels, height and width of the stored images.
    ///   - height: The rows of the network's input.
    ///   - width: The columns of the network's input.
    ///   - scale: Multiplies the result; 1 in the paper.
    /// - Throws: `DatasetError` if the sizes do not go together.
    public init(mean: [Float], stored: [Int], height: Int, width: Int, scale: Float = 1) throws {
        guard stored.count == 3, stored.allSatisfy({ (1...DatasetManifest.sideLimit).contains($0) }),
            mean.count == stored.reduce(1, *), (1...stored[1]).contains(height), (1...stored[2]).contains(width)
        else {
            throw DatasetError(
                "a mean of \(mean.count) values does not fit stored images of "
                    + "\(stored.map(String.init).joined(separator: "×")) and a network that reads \(height)×\(width)")
        }
        (channels, storedHeight, storedWidth) = (stored[0], stored[1], stored[2])
        (self.height, self.width, self.scale) = (height, width, scale)
        self.mean = TensorBuffer(floats: mean.count)
        _ = self.mean.floats.update(fromContentsOf: mean)
    }

    /// The number of elements of one prepared image, C·H·W.
    public var imageFloats: Int { channels * height * width }

    /// Writes one patch of an image.
    /// - Parameters:
    ///   - pixels: Planar CHW, of the size of the stored images.
    ///   - image: Receives the patch, CHW.
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

    /// Writes (byte − mean at the pixel's position in the stored image + shift of the channel) · scale for each pixel.
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
