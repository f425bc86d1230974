public import Platform

/// Packs images into a data set.
public enum DatasetImporter {
    /// The number of images between two calls of a progress function.
    static let progressInterval = 256

    /// A function that receives (phase, images done, fraction of the phase that is done).
    public typealias Progress = @Sendable (String, Int, Double) -> Void

    /// The source, destination and settings of an import.
    public struct Options: Sendable {
        public var format: ImportFormat
        /// The directory to read.
        public var source: FilePath
        /// The new directory. It appears when it is complete, or not at all.
        public var destination: String
        /// The side of the stored square images, for image folders and ILSVRC. Nil means 256, or for an image folder
        /// whose images are all squares of one side below 224, that side.
        public var size: Int?
        public var packing = Packing.raw
        /// The number of images between two saved states, from which an interrupted import can resume.
        public var journalInterval = 4096
        /// Whether symbolic links that lead out of the source are followed.
        public var followsLinks = false
        /// The share of the training images that is held out for validation where a source has no split; nil means a tenth.
        public var validationShare: Double?
        /// The seed of that choice.
        public var validationSeed: UInt64 = 0

        public init(format: ImportFormat, source: FilePath, destination: String) {
            (self.format, self.source, self.destination) = (format, source, destination)
        }

        /// Options for a source whose path is UTF-8.
        public init(format: ImportFormat, source: String, destination: String) {
            self.init(format: format, source: FilePath(source), destination: destination)
        }

        var heldOut: HeldOutShare? {
            guard validationShare != nil || validationSeed != 0 else { return nil }
            return HeldOutShare(share: validationShare ?? HeldOutShare.standard, seed: validationSeed)
        }
    }

    /// Packs the source. An interrupted import of image folders or ILSVRC resumes when it is run again.
    /// - Throws: `DatasetError` or `FileError`. Nothing remains at the destination then.
    public static func run(_ options: Options, progress: @escaping Progress) throws -> ImportReport {
        let source = options.source
        let readsImageFiles = options.format == .imagefolder || options.format == .ilsvrc
        if let size = options.size {
            guard readsImageFiles else {
                throw DatasetError(
                    "a size applies only to image files, and \(options.format.rawValue) has a fixed one; leave the size out")
            }
            guard (1...DatasetManifest.sideLimit).contains(size) else {
                throw DatasetError("the size \(size) is invalid; choose 1 to \(DatasetManifest.sideLimit)")
            }
        }
        guard readsImageFiles || options.packing == .raw else {
            throw DatasetError("\(options.format.rawValue) can only be packed raw; leave the packing out")
        }
        guard options.format == .imagefolder || options.heldOut == nil else {
            throw DatasetError("--validation-share is for folders of images; leave it out with \(options.format.rawValue)")
        }
        // A set of IDX files may be named by a prefix in its directory.
        let tree = try directory(options.format == .mnist ? source.parentUnlessFolder : source, followsLinks: options.followsLinks)
        let staging = try StagingDirectory(destination: options.destination)
        let full = source.standardized
        let target = ImportTarget(
            staging: staging, name: full.last.shown, source: full.shown, size: options.size, packing: options.packing,
            journalInterval: options.journalInterval, heldOut: options.heldOut, progress: progress)
        do {
            if !readsImageFiles { try staging.empty() }
            var report =
                switch options.format {
                case .imagefolder: try ImageFolderImport.run(tree, target: target)
                case .ilsvrc: try ILSVRCImport.run(tree, target: target)
                case .cifar10: try CIFARImport.run(source: source, target: target)
                case .mnist: try MNISTImport(source: source, target: target).run()
                }
            report.classCounts = try ClassCounts(Dataset(path: staging.path))
            try staging.commit()
            return report
        } catch {
            // A journal stands for minutes or hours of work, so the directory is kept for the next import.
            guard ImportJournal.exists(in: staging.path) else {
                staging.discard()
                throw error
            }
            throw DatasetError("\(error); the import so far is kept: run the same command again to resume it")
        }
    }

    private static func directory(_ source: FilePath, followsLinks: Bool) throws -> DiskTree {
        guard FolderListing.isFolder(source) else {
            throw DatasetError("\(source.shown) is not a directory; name the directory that contains the images")
        }
        return try DiskTree(root: source, followsLinks: followsLinks)
    }
}

/// The destination, settings and progress function of an import.
struct ImportTarget {
    let staging: StagingDirectory
    let name: String
    /// The full path of the source, escaped.
    let source: String
    let size: Int?
    let packing: Packing
    let journalInterval: Int
    /// The share that a user asked to hold out for validation.
    let heldOut: HeldOutShare?
    let progress: DatasetImporter.Progress

    var directory: String { staging.path }

    func writer(channels: Int, height: Int, width: Int, classes: [String]) -> DatasetWriter {
        DatasetWriter(
            directory: directory, .init(name: name, channels: channels, height: height, width: width, classes: classes))
    }

    func report(_ split: Split, _ done: Int, fraction: Double) {
        if done % DatasetImporter.progressInterval == 0 || fraction >= 1 {
            progress("packing \(split.rawValue)", done, fraction)
        }
    }
}

extension FilePath {
    fileprivate var parentUnlessFolder: FilePath { FolderListing.isFolder(self) ? self : parent }
}
