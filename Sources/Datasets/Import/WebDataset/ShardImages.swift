import Platform

/// The images of a split in WebDataset archives, one archive after the other. Only one archive is open at a time.
struct ShardImages: ImageQueue {
    private let paths: [FilePath]
    private let classes: ClassList
    private let index: ShardIndex?
    private let split: Split?
    /// The index of the open archive; its samples are nil once they are all read, or cannot be.
    private var current = -1
    private var samples: ShardSamples?

    /// - Parameter part: the split's part of archives that both splits are taken from.
    init(_ paths: [FilePath], classes: ClassList, index: ShardIndex?, part: HeldOutShare.Part?) {
        (self.paths, self.classes, self.index, split) = (paths, classes, index, part?.split)
    }

    mutating func next() throws -> ImageItem? {
        while true {
            if let item = nextInArchive() { return item }
            guard current + 1 < paths.count else { return nil }
            if let item = open(current + 1) { return item }
        }
    }

    private mutating func nextInArchive() -> ImageItem? {
        guard var samples else { return nil }
        do {
            while let sample = try samples.next() {
                let label = sample.label.flatMap { ShardIndex.label($0, classes) }
                // What has no class is reported once, with the training images.
                let isHeldOut = label.map { index?.isHeldOut(sample, of: paths[current], label: $0) ?? false } ?? false
                if let split, isHeldOut != (split == .validation) { continue }
                self.samples = samples
                return item(sample, label, samples.reader)
            }
            self.samples = nil
            return nil
        } catch {
            self.samples = nil
            guard split != .validation else { return nil }
            return unusable(
                ImageError("\(error.reason); the rest of this archive is left out"), name: paths[current].shown,
                next: samples.reader.range.upperBound, size: samples.reader.range.count)
        }
    }

    private func item(_ sample: ShardSample, _ label: Int?, _ reader: TarReader) -> ImageItem {
        let (name, size) = ("\(paths[current].shown)/\(sample.key.shown)", reader.range.count)
        guard let image = sample.image else {
            return unusable(ImageError("a sample without an image", .unsupported), name: name, next: sample.next, size: size)
        }
        guard let label else {
            let error =
                sample.label.map { ImageError("its class \($0) has no training images", .untrained) }
                ?? ImageError("its sample has no class (.cls)", .unlabelled)
            return unusable(error, name: name, next: sample.next, size: size)
        }
        return ImageItem(
            name: name, label: label, content: .member(reader.archive, image), position: position(sample.next),
            fraction: fraction(sample.next, size))
    }

    private func unusable(_ error: ImageError, name: String, next: Int, size: Int) -> ImageItem {
        ImageItem(name: name, label: 0, content: .unusable(error), position: position(next), fraction: fraction(next, size))
    }

    private func position(_ next: Int) -> ImagePosition { ImagePosition(container: current, offset: next) }

    private func fraction(_ next: Int, _ size: Int) -> Double {
        (Double(current) + min(1, Double(next) / Double(max(size, 1)))) / Double(paths.count)
    }

    /// Opens an archive.
    /// - Returns: an item that says why it cannot be read; nil if it can.
    private mutating func open(_ number: Int) -> ImageItem? {
        current = number
        do {
            samples = ShardSamples(try TarArchive(path: paths[number]))
            return nil
        } catch {
            samples = nil
            guard split != .validation else { return nil }
            return unusable(ImageError("\(error)"), name: paths[number].shown, next: 0, size: 1)
        }
    }

    mutating func seek(_ position: ImagePosition) throws {
        let changed = DatasetError("the source has changed; remove the unfinished import and start again")
        guard paths.indices.contains(position.container), open(position.container) == nil, var samples else { throw changed }
        guard (0...samples.reader.range.upperBound + 1024).contains(position.offset) else { throw changed }
        samples.reader.offset = position.offset
        self.samples = samples
    }
}
