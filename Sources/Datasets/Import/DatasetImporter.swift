import Foundation
import Glibc

/// Packs pictures into a data set.
public enum DatasetImporter {
    /// How many pictures go by between two calls of a progress function.
    static let progressInterval = 256

    /// Reports (phase, pictures done, pictures in all).
    public typealias Progress = @Sendable (String, Int, Int) -> Void

    /// Packs `source` into the new directory `destination`, which appears complete or not at all.
    /// - Parameter size: the side of the stored square pictures, for image folders only; nil takes 256, or the
    ///   pictures' own side where all are squares of one side below 224.
    /// - Throws: one sentence about what to do; nothing is left at the destination then.
    public static func run(
        format: ImportFormat, source: String, destination: String, size: Int?, progress: @escaping Progress
    ) throws -> ImportReport {
        var status = stat()
        guard stat(source, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw DatasetError("\(source) is not a directory; name the one that has the pictures")
        }
        if let size {
            guard format == .imagefolder else {
                throw DatasetError("a size is for image folders; leave it out, \(format.rawValue) has one of its own")
            }
            guard (1...DatasetManifest.sideLimit).contains(size) else {
                throw DatasetError("a size of \(size) is not possible; choose 1 to \(DatasetManifest.sideLimit)")
            }
        }
        let staging = try StagingDirectory(destination: destination)
        defer { staging.discard() }
        let full = URL(fileURLWithPath: source).standardizedFileURL
        let target = ImportTarget(directory: staging.path, name: full.lastPathComponent, progress: progress)
        let report =
            switch format {
            case .imagefolder: try ImageFolderImport.run(source: source, size: size, target: target)
            case .cifar10: try CIFARImport.run(source: source, target: target)
            case .mnist: try MNISTImport.run(source: source, isFashion: isFashion(full.path), target: target)
            }
        try staging.commit()
        return report
    }

    private static func isFashion(_ path: String) -> Bool { path.lowercased().contains("fashion") }
}

/// Where an importer writes, under which name, and whom it tells.
struct ImportTarget {
    let directory: String
    let name: String
    let progress: DatasetImporter.Progress

    func writer(channels: Int, height: Int, width: Int, classes: [String]) -> DatasetWriter {
        DatasetWriter(
            directory: directory, name: name, channels: channels, height: height, width: width, classes: classes)
    }

    func report(_ split: Split, _ done: Int, of total: Int) {
        if done % DatasetImporter.progressInterval == 0 || done == total {
            progress("packing \(split.rawValue)", done, total)
        }
    }
}
