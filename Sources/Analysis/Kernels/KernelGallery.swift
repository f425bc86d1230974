import Datasets
package import Foundation
package import NeuralNetwork
import Tensors

/// The first layer's kernels as images, column by column, and each column's selectivity for colour (paper §6.1,
/// Figure 3).
package struct KernelGallery: Sendable {
    package struct Column: Encodable, Sendable {
        /// A sheet of all kernels as a PNG file.
        package let file: Data
        package let width: Int
        package let height: Int
        package let kernels: Int
        /// The mean over the column's kernels; nil for grey images.
        package let colorSelectivity: Double?
        /// Kernels with a selectivity above 1/2.
        package let colorKernels: Int

        /// The sheet as a data URI for a page.
        package var imageURI: String { ImageURI.png(file: file) }

        /// The JSON omits the sheet.
        private enum CodingKeys: String, CodingKey {
            case kernels
            case colorSelectivity = "color_selectivity"
            case colorKernels = "color_kernels"
        }
    }

    package let layer: String
    package let size: Int
    /// 3, or 1 for grey images.
    package let channels: Int
    package let columns: [Column]

    /// Draws the first layer's kernels; nil if they cannot be drawn as images.
    /// - Throws: an error if the checkpoint's weights cannot be read.
    package init?(_ checkpoint: Checkpoint) throws {
        let network = checkpoint.state.configuration.network
        guard let first = network.layers.first, case .convolution(let convolution) = first.operation,
            network.input.channels == 3 || network.input.channels == 1
        else { return nil }
        let (channels, size) = (network.input.channels, convolution.size)
        let weights = try checkpoint.model.array("\(first.name).weight")
        let length = channels * size * size
        guard let images = KernelImages(weights, [convolution.kernels, channels, size, size]) else { return nil }
        (layer, self.size, self.channels) = (first.name, size, channels)
        columns = (0..<network.columns).map { column in
            let range = ColumnSplit.range(of: convolution.kernels, column: column, columns: network.columns)
            let selectivities =
                channels == 3
                ? range.map {
                    Self.colorSelectivity(Array(weights[$0 * length..<($0 + 1) * length]), area: size * size)
                } : []
            let sheet = Self.sheet(images, range)
            return Column(
                file: ImageURI.pngFile(sheet.pixels, channels: channels, height: sheet.height, width: sheet.width),
                width: sheet.width, height: sheet.height, kernels: range.count,
                colorSelectivity: selectivities.isEmpty ? nil : selectivities.reduce(0, +) / Double(selectivities.count),
                colorKernels: selectivities.count { $0 > 0.5 })
        }
    }

    /// Returns the share of a kernel's energy that differs between the channels. It is 0 for a kernel that weights red, green and
    /// blue equally at every pixel, and 1 for one that does not respond to grey images.
    /// - Parameters:
    ///   - kernel: weights in the order channel, row, column; three channels.
    ///   - area: weights per channel.
    package static func colorSelectivity(_ kernel: [Float], area: Int) -> Double {
        var (colored, total) = (0.0, 0.0)
        for pixel in 0..<area {
            let values = (0..<3).map { Double(kernel[$0 * area + pixel]) }
            let grey = values.reduce(0, +) / 3
            for value in values {
                colored += (value - grey) * (value - grey)
                total += value * value
            }
        }
        return total > 0 ? colored / total : 0
    }

    /// Draws kernels side by side with a pixel between them.
    private static func sheet(_ images: KernelImages, _ range: Range<Int>) -> (pixels: [UInt8], height: Int, width: Int) {
        let (size, row) = (images.size, images.channels * images.size)
        let across = min(range.count, 12)
        let down = (range.count + across - 1) / across
        let (width, height) = (across * (size + 1) + 1, down * (size + 1) + 1)
        var pixels = [UInt8](repeating: 255, count: images.channels * width * height)
        for (position, index) in range.enumerated() {
            let kernel = images.kernel(index)
            let (top, left) = (position / across * (size + 1) + 1, position % across * (size + 1) + 1)
            for line in 0..<size {
                let target = ((top + line) * width + left) * images.channels
                let source = kernel.startIndex + line * row
                pixels.replaceSubrange(target..<target + row, with: kernel[source..<source + row])
            }
        }
        return (pixels, height, width)
    }
}
