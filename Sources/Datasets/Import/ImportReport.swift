/// How the images to import are stored.
public enum ImportFormat: String, CaseIterable, Sendable {
    /// A folder per class under `train` and under `val` or `validation`.
    case imagefolder
    /// ImageNet's challenges of 2010 and 2012 as they are distributed; docs/datasets.md says which files.
    case ilsvrc
    /// The binary version of CIFAR-10.
    case cifar10
    /// IDX files, gzipped or not, as of MNIST and Fashion-MNIST.
    case mnist
}

/// A file that was left out of an import, and why.
public struct SkippedImage: Sendable, Equatable {
    public let file: String
    public let reason: String
}

/// What an import made.
public struct ImportReport: Sendable {
    public let manifest: DatasetManifest
    /// Damaged or unusable files, in the order of the source; at most the first thousand. The data set's `skipped.tsv`
    /// has all.
    public let skipped: [SkippedImage]
    public let skippedCount: Int
}
