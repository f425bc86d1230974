/// The format of a source to import.
public enum ImportFormat: String, CaseIterable, Sendable {
    /// Image files in folders or WebDataset archives, in any of the layouts of docs/datasets.md.
    case imagefolder
    /// The ImageNet challenges of 2010 and 2012 as distributed. docs/datasets.md lists the files.
    case ilsvrc
    /// The binary version of CIFAR-10.
    case cifar10
    /// IDX files, plain or gzipped, such as MNIST and Fashion-MNIST.
    case mnist
}

/// A file that an import skipped, and why.
public struct SkippedImage: Sendable, Equatable {
    public let file: String
    public let reason: String
}

/// The result of an import.
public struct ImportReport: Sendable {
    public let manifest: DatasetManifest
    /// The first thousand damaged or unusable files, in the order of the source. The data set's `skipped.tsv` lists all.
    public let skipped: [SkippedImage]
    public let skippedCount: Int
    /// The number of files that were left out, by reason.
    public var leftOut: [LeftOut: Int] = [:]
    /// The layout that was recognized, as a phrase.
    public var layout = ""
    /// Sentences about choices that the import made.
    public var notes: [String] = []
    /// The number of images of each class.
    public var classCounts = ClassCounts()

    init(manifest: DatasetManifest, skipped: [SkippedImage], skippedCount: Int) {
        (self.manifest, self.skipped, self.skippedCount) = (manifest, skipped, skippedCount)
    }
}
