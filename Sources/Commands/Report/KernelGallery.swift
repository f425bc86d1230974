import Datasets
import Foundation
import NeuralNetwork
import Tensors

/// The first layer's kernels as pictures, column by column, and how much each column looks at colour (paper §6.1,
/// Figure 3).
package struct KernelGallery {
    struct Column {
        /// A sheet of all kernels, PNG.
        let file: Data
        let width: Int
        let height: Int
        let kernels: Int
        /// The mean over the column's kernels; nil for grey pictures.
        let colorSelectivity: Double?
        /// Kernels with a selectivity above 1/2.
        let colorKernels: Int

        /// The sheet as an address for a page.
        var picture: String { PictureURI.png(file: file) }
    }

    let layer: String
    let size: Int
    /// 3, or 1 for grey pictures.
    let channels: Int
    let columns: [Column]

    /// Nil where the first layer's kernels are no pictures.
    init?(_ checkpoint: Checkpoint) throws {
        let network = checkpoint.state.configuration.network
        guard let first = network.layers.first, case .convolution(let convolution) = first.operation,
            network.input.channels == 3 || network.input.channels == 1
        else { return nil }
        let (channels, size) = (network.input.channels, convolution.size)
        let weights = try checkpoint.model.array("\(first.name).weight")
        let length = channels * size * size
        guard weights.count == convolution.kernels * length else { return nil }
        (layer, self.size, self.channels) = (first.name, size, channels)
        columns = (0..<network.columns).map { column in
            let range = ColumnSplit.range(of: convolution.kernels, column: column, columns: network.columns)
            let kernels = range.map { Array(weights[$0 * length..<($0 + 1) * length]) }
            let selectivities = channels == 3 ? kernels.map { Self.colorSelectivity($0, area: size * size) } : []
            let sheet = Self.sheet(kernels, channels: channels, size: size)
            return Column(
                file: PictureURI.pngFile(sheet.pixels, channels: channels, height: sheet.height, width: sheet.width),
                width: sheet.width, height: sheet.height, kernels: kernels.count,
                colorSelectivity: selectivities.isEmpty ? nil : selectivities.reduce(0, +) / Double(selectivities.count),
                colorKernels: selectivities.count { $0 > 0.5 })
        }
    }

    /// The share of a kernel's energy that differs between the channels: 0 for a kernel that weighs red, green and blue
    /// alike at every pixel, 1 for one that a grey picture does not touch.
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

    /// Kernels side by side with a pixel between them, each scaled by its largest weight around grey.
    private static func sheet(_ kernels: [[Float]], channels: Int, size: Int) -> (pixels: [UInt8], height: Int, width: Int) {
        let across = min(kernels.count, 12)
        let down = (kernels.count + across - 1) / across
        let (width, height) = (across * (size + 1) + 1, down * (size + 1) + 1)
        var pixels = [UInt8](repeating: 255, count: channels * width * height)
        for (index, kernel) in kernels.enumerated() {
            let largest = kernel.reduce(Float.leastNormalMagnitude) { max($0, abs($1)) }
            let (top, left) = (index / across * (size + 1) + 1, index % across * (size + 1) + 1)
            for channel in 0..<channels {
                for row in 0..<size {
                    for column in 0..<size {
                        let value = kernel[(channel * size + row) * size + column] / largest
                        let place = ((top + row) * width + left + column) * channels + channel
                        pixels[place] = UInt8((127.5 + 127.5 * max(-1, min(1, value))).rounded())
                    }
                }
            }
        }
        return (pixels, height, width)
    }
}
