import Tensors

/// Turns stored pictures into what the network reads: cropped, mirrored, colour-shifted, centred (paper §2, §4.1).
///
/// Every draw depends only on (seed, purpose, epoch, picture), so any process, at any time, prepares the same batch.
public final class BatchPreparer: @unchecked Sendable {
    public let dataset: Dataset
    public let settings: PreparationSettings

    private let draws: RandomDraws
    private let orders: EpochOrder
    /// A copy whose address stays.
    private let mean: TensorBuffer

    /// - Throws: `DatasetError` when the network reads other channels or larger pictures than are stored.
    public init(dataset: Dataset, settings: PreparationSettings) throws {
        let stored = dataset.manifest
        guard settings.channels == stored.channels else {
            throw DatasetError(
                "the network reads \(settings.channels) channels, but the pictures in \(dataset.path) have "
                    + "\(stored.channels); choose another network or data set")
        }
        guard settings.height >= 1, settings.width >= 1, settings.height <= stored.height,
            settings.width <= stored.width
        else {
            throw DatasetError(
                "the network reads \(settings.height)×\(settings.width) pixels, but the pictures in \(dataset.path) "
                    + "have \(stored.height)×\(stored.width); import them larger or choose another network")
        }
        (self.dataset, self.settings) = (dataset, settings)
        draws = RandomDraws(seed: settings.seed)
        orders = EpochOrder(draws: draws, count: dataset.count(.train))
        mean = TensorBuffer(floats: dataset.mean.count)
        _ = mean.floats.update(fromContentsOf: dataset.mean)
    }

    /// The floats of one prepared picture.
    public var imageFloats: Int { settings.channels * settings.height * settings.width }

    /// Writes the pictures of a request, N×C×H×W, and their labels.
    ///
    /// Training visits picture p mod n of epoch p / n, so a batch may lie in two epochs. Validation takes the centre
    /// of each picture as it is; places beyond the last picture get zeros and the label 0.
    public func prepare(
        _ request: BatchRequest, images: UnsafeMutableBufferPointer<Float>, labels: UnsafeMutableBufferPointer<Int32>
    ) {
        guard request.split == .train else {
            prepare(request, patch: .center, images: images, labels: labels)
            return
        }
        let output = checked(request, images, labels)
        let count = dataset.count(.train)
        var (epoch, order) = (-1, [UInt32]())
        for i in 0..<request.count {
            let (pass, place) = (request.position + i).quotientAndRemainder(dividingBy: count)
            if settings.shuffle, pass != epoch { (epoch, order) = (pass, orders.order(pass)) }
            let image = settings.shuffle ? Int(order[place]) : place
            labels[i] = Int32(dataset.label(.train, image))
            render(dataset.pixels(.train, image), variation(epoch: pass, image: image), output + i * imageFloats)
        }
    }

    /// Writes one fixed patch of each picture, in stored order and without any draw.
    public func prepare(
        _ request: BatchRequest, patch: Patch, images: UnsafeMutableBufferPointer<Float>,
        labels: UnsafeMutableBufferPointer<Int32>
    ) {
        let output = checked(request, images, labels)
        let variation = variation(patch)
        for i in 0..<request.count {
            let image = request.position + i
            if image < dataset.count(request.split) {
                labels[i] = Int32(dataset.label(request.split, image))
                render(dataset.pixels(request.split, image), variation, output + i * imageFloats)
            } else {
                labels[i] = 0
                (output + i * imageFloats).update(repeating: 0, count: imageFloats)
            }
        }
    }

    /// Writes one patch of a picture that is not in the data set: planar bytes of the stored size.
    public func prepare(pixels: [UInt8], patch: Patch, image: UnsafeMutableBufferPointer<Float>) throws {
        guard pixels.count == dataset.manifest.recordSize, let output = image.baseAddress, image.count >= imageFloats
        else {
            throw DatasetError(
                "a picture of \(pixels.count) bytes is not one of \(dataset.manifest.recordSize) as in \(dataset.path)")
        }
        pixels.withUnsafeBytes { render($0, variation(patch), output) }
    }

    private func checked(
        _ request: BatchRequest, _ images: UnsafeMutableBufferPointer<Float>,
        _ labels: UnsafeMutableBufferPointer<Int32>
    ) -> UnsafeMutablePointer<Float> {
        precondition(request.position >= 0 && request.count >= 0, "a batch starts at or after the first picture")
        precondition(labels.count >= request.count && images.count >= request.count * imageFloats)
        guard let output = images.baseAddress else { preconditionFailure("a batch needs memory") }
        return output
    }

    // MARK: One picture

    /// What is done to one picture.
    private struct Variation {
        var top: Int
        var left: Int
        var isMirrored = false
        var shift: (Float, Float, Float) = (0, 0, 0)
    }

    private func variation(_ patch: Patch) -> Variation {
        Variation(
            top: patch.vertical.offset(settings.height, in: dataset.manifest.height),
            left: patch.horizontal.offset(settings.width, in: dataset.manifest.width), isMirrored: patch.isMirrored)
    }

    private func variation(epoch: Int, image: Int) -> Variation {
        var variation = variation(.center)
        let (major, minor) = (UInt64(epoch), UInt64(image))
        if settings.crop {
            let words = draws.words(.crop, major, minor)
            variation.top = RandomDraws.integer(words.0, below: dataset.manifest.height - settings.height + 1)
            variation.left = RandomDraws.integer(words.1, below: dataset.manifest.width - settings.width + 1)
        }
        if settings.mirror { variation.isMirrored = draws.words(.mirror, major, minor).0 >> 31 == 1 }
        if settings.color, let colors = dataset.manifest.colors {
            let normals = RandomDraws.normals(draws.words(.color, major, minor))
            variation.shift = colors.shift(alphas: (0.1 * normals.0, 0.1 * normals.1, 0.1 * normals.2))
        }
        return variation
    }

    /// Value = byte − mean at the pixel's place in the stored picture + the channel's shift.
    private func render(
        _ pixels: UnsafeRawBufferPointer, _ variation: Variation, _ output: UnsafeMutablePointer<Float>
    ) {
        let (height, width) = (settings.height, settings.width)
        let (storedHeight, storedWidth) = (dataset.manifest.height, dataset.manifest.width)
        guard let bytes = pixels.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let means = mean.floats.baseAddress
        else { return }
        for channel in 0..<settings.channels {
            let shift = [variation.shift.0, variation.shift.1, variation.shift.2, 0][min(channel, 3)]
            for row in 0..<height {
                let start = (channel * storedHeight + variation.top + row) * storedWidth + variation.left
                let (source, average) = (bytes + start, means + start)
                let target = output + (channel * height + row) * width
                if variation.isMirrored {
                    for x in 0..<width {
                        target[x] = Float(source[width &- 1 &- x]) - average[width &- 1 &- x] + shift
                    }
                } else {
                    for x in 0..<width { target[x] = Float(source[x]) - average[x] + shift }
                }
            }
        }
    }
}
