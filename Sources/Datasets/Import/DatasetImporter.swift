import Foundation
import Glibc

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
        public var source: String
        /// The new directory. It appears when it is complete, or not at all.
        public var destination: String
        /// The side of the stored square images, for image folders and ILSVRC. Nil means 256, or for an image folder
        /// whose images are all squares of one side below 224, that side.
        public var size: Int?
        public var packing = Packing.raw
        /// The number of images between two saved states, from which an interrupted import can resume.
        public var journalInterval = 4096

        public init(format: ImportFormat, source: String, destination: String) {
            (self.format, self.source, self.destination) = (format, source, destination)
        }
    }

    /// Packs the source. An interrupted import of image folders or ILSVRC resumes when it is run again.
    /// - Throws: `DatasetError` or `FileError`. Nothing remains at the destination then.
    public static func run(_ options: Options, progress: @escaping Progress) throws -> ImportReport {
        let source = options.source
        var status = stat()
        guard stat(source, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw DatasetError("\(source) is not a directory; name the directory that contains the images")
        }
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
        let staging = try StagingDirectory(destination: options.destination)
        let full = URL(fileURLWithPath: source).standardizedFileURL
        let target = ImportTarget(
            staging: staging, name: full.lastPathComponent, source: full.path, size: options.size,
            packing: options.packing, journalInterval: options.journalInterval, progress: progress)
        do {
            if !readsImageFiles { try staging.empty() }
            let report =
                switch options.format {
                case .imagefolder: try ImageFolderImport.run(source: source, target: target)
                case .ilsvrc: try ILSVRCImport.run(source: source, target: target)
                case .cifar10: try CIFARImport.run(source: source, target: target)
                case .mnist: try MNISTImport.run(source: source, isFashion: isFashion(full.path), target: target)
                }
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

    private static func isFashion(_ path: String) -> Bool { path.lowercased().contains("fashion") }
}

/// The destination, settings and progress function of an import.
struct ImportTarget {
    let staging: StagingDirectory
    let name: String
    /// The full path of the source.
    let source: String
    let size: Int?
    let packing: Packing
    let journalInterval: Int
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
