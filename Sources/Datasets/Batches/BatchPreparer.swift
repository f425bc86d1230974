import Tensors

/// Prepares stored images for the network: cropped, mirrored, colour-shifted and with the mean subtracted (paper §2, §4.1).
///
/// Every random draw depends only on (seed, purpose, epoch, image), so that every process prepares the same batch at any
/// time. Use it from one thread at a time.
public final class BatchPreparer: @unchecked Sendable {
    public let dataset: Dataset
    public let settings: PreparationSettings

    private let draws: RandomDraws
    private let orders: EpochOrder
    private let renderer: PatchRenderer
    private let reader: RecordReader

    /// - Parameter mean: the mean to subtract, planar CHW; nil means that of the data set. A trained network needs the mean of
    ///   the data on which it was trained.
    /// - Throws: `DatasetError` if the network reads other channels or larger images than are stored.
    public init(dataset: Dataset, settings: PreparationSettings, mean: [Float]? = nil) throws {
        let stored = dataset.manifest
        guard settings.channels == stored.channels else {
            throw DatasetError(
                "the network reads \(settings.channels) channels, but the images in \(dataset.path) have "
                    + "\(stored.channels); choose another network or data set")
        }
        guard settings.height >= 1, settings.width >= 1, settings.height <= stored.height,
            settings.width <= stored.width
        else {
            throw DatasetError(
                "the network reads \(settings.height)×\(settings.width) pixels, but the images in \(dataset.path) "
                    + "have \(stored.height)×\(stored.width); import them larger or choose another network")
        }
        (self.dataset, self.settings) = (dataset, settings)
        draws = RandomDraws(seed: settings.seed)
        reader = RecordReader(dataset)
        orders = EpochOrder(draws: draws, count: dataset.count(.train))
        renderer = try PatchRenderer(
            mean: mean ?? dataset.mean, stored: [stored.channels, stored.height, stored.width], height: settings.height,
            width: settings.width, scale: settings.scale)
    }

    /// The number of elements of one prepared image, C·H·W.
    public var imageFloats: Int { settings.channels * settings.height * settings.width }

    /// Writes the images of a request, NCHW, and their labels.
    ///
    /// At position p, training visits image p mod n in the order of epoch p / n, so a batch may extend over two epochs.
    /// Validation takes the centre of each image without augmentation. Positions beyond the last image get zeros and label 0.
    /// - Throws: `DatasetError`, which names the record, if one cannot be decoded.
    public func prepare(
        _ request: BatchRequest, images: UnsafeMutableBufferPointer<Float>, labels: UnsafeMutableBufferPointer<Int32>
    ) throws {
        try prepare(request, images: UnsafeMutableRawBufferPointer(images), type: .float32, labels: labels)
    }

    /// Writes images of either element type.
    func prepare(
        _ request: BatchRequest, images: UnsafeMutableRawBufferPointer, type: ElementType,
        labels: UnsafeMutableBufferPointer<Int32>
    ) throws {
        let output = checked(request, images, type, labels)
        guard request.split == .train else { return try prepare(request, patch: .center, output, labels: labels) }
        let count = dataset.count(.train)
        var (epoch, order) = (-1, [UInt32]())
        for i in 0..<request.count {
            let (pass, index) = (request.position + i).quotientAndRemainder(dividingBy: count)
            if settings.shuffle, pass != epoch { (epoch, order) = (pass, orders.order(pass)) }
            let image = settings.shuffle ? Int(order[index]) : index
            labels[i] = try label(.train, image)
            let variation = variation(epoch: pass, image: image)
            try reader.withPixels(.train, image) { pixels in output.write(i) { renderer.render(pixels, variation, $0) } }
        }
    }

    /// Writes one fixed patch of each image, NCHW, in stored order and without random draws.
    public func prepare(
        _ request: BatchRequest, patch: Patch, images: UnsafeMutableBufferPointer<Float>,
        labels: UnsafeMutableBufferPointer<Int32>
    ) throws {
        try prepare(
            request, patch: patch, checked(request, UnsafeMutableRawBufferPointer(images), .float32, labels), labels: labels)
    }

    private func prepare(
        _ request: BatchRequest, patch: Patch, _ output: BatchImages, labels: UnsafeMutableBufferPointer<Int32>
    ) throws {
        let variation = renderer.variation(patch)
        for i in 0..<request.count {
            let image = request.position + i
            if image < dataset.count(request.split) {
                labels[i] = try label(request.split, image)
                try reader.withPixels(request.split, image) { pixels in
                    output.write(i) { renderer.render(pixels, variation, $0) }
                }
            } else {
                labels[i] = 0
                output.write(i) { $0.update(repeating: 0, count: imageFloats) }
            }
        }
    }

    /// Returns an image's label. Labels were checked when the data set was opened, but the file may have been changed since: kernels use them as
    /// indices.
    private func label(_ split: Split, _ image: Int) throws -> Int32 {
        let label = dataset.label(split, image)
        guard (0..<dataset.manifest.classes.count).contains(label) else {
            throw DatasetError(
                "\(dataset.path): record \(image) has label \(label), but there are \(dataset.manifest.classes.count) classes; the data set "
                    + "was changed while it was in use: restore the file or import the data set again")
        }
        return Int32(label)
    }

    private func checked(
        _ request: BatchRequest, _ images: UnsafeMutableRawBufferPointer, _ type: ElementType,
        _ labels: UnsafeMutableBufferPointer<Int32>
    ) -> BatchImages {
        precondition(request.position >= 0 && request.count >= 0, "a batch must start at or after the first image")
        precondition(labels.count >= request.count)
        return BatchImages(images, type: type, imageFloats: imageFloats, count: request.count)
    }

    // MARK: One image

    private func variation(epoch: Int, image: Int) -> PatchRenderer.Variation {
        var variation = renderer.variation(.center)
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
}
