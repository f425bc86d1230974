import Foundation
import Glibc

/// Packs images into a data set.
public enum DatasetImporter {
    /// How many images go by between two calls of a progress function.
    static let progressInterval = 256

    /// Reports (phase, images done, share of the phase that is done).
    public typealias Progress = @Sendable (String, Int, Double) -> Void

    /// What an import is asked for.
    public struct Options: Sendable {
        public var format: ImportFormat
        /// A directory.
        public var source: String
        /// The new directory, which appears complete or not at all.
        public var destination: String
        /// The side of the stored square images, for image folders and ILSVRC; nil takes 256, or the images' own
        /// side where all of an image folder are squares of one side below 224.
        public var size: Int?
        public var packing = Packing.raw
        /// Images after which an interrupted import goes on.
        public var journalInterval = 4096

        public init(format: ImportFormat, source: String, destination: String) {
            (self.format, self.source, self.destination) = (format, source, destination)
        }
    }

    /// Packs the source. An import of image folders or ILSVRC that is interrupted goes on when it is asked for again.
    /// - Throws: one sentence about what to do; nothing is left at the destination then.
    public static func run(_ options: Options, progress: @escaping Progress) throws -> ImportReport {
        let source = options.source
        var status = stat()
        guard stat(source, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw DatasetError("\(source) is not a directory; name the one that has the images")
        }
        let hasImages = options.format == .imagefolder || options.format == .ilsvrc
        if let size = options.size {
            guard hasImages else {
                throw DatasetError(
                    "a size is for image files; leave it out, \(options.format.rawValue) has one of its own")
            }
            guard (1...DatasetManifest.sideLimit).contains(size) else {
                throw DatasetError("a size of \(size) is not possible; choose 1 to \(DatasetManifest.sideLimit)")
            }
        }
        guard hasImages || options.packing == .raw else {
            throw DatasetError("\(options.format.rawValue) is packed raw; leave out the packing")
        }
        let staging = try StagingDirectory(destination: options.destination)
        let full = URL(fileURLWithPath: source).standardizedFileURL
        let target = ImportTarget(
            staging: staging, name: full.lastPathComponent, source: full.path, size: options.size,
            packing: options.packing, journalInterval: options.journalInterval, progress: progress)
        do {
            if !hasImages { try staging.empty() }
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
            // What a journal stands for is work of minutes or hours; the next import takes it up.
            guard ImportJournal.exists(in: staging.path) else {
                staging.discard()
                throw error
            }
            throw DatasetError("\(error); what is done so far is kept: the same command goes on from there")
        }
    }

    private static func isFashion(_ path: String) -> Bool { path.lowercased().contains("fashion") }
}

/// Where an importer writes, how, and whom it tells.
struct ImportTarget {
    let staging: StagingDirectory
    let name: String
    /// The source's whole path.
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
