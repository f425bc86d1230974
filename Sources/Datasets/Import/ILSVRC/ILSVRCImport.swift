/// Imports the ImageNet challenges as distributed (paper §2).
///
/// The parts are the training archive of a thousand synset archives or folders, the validation images with their ground
/// truth, and the devkit's names of the synsets.
enum ILSVRCImport {
    static func run(source: String, target: ImportTarget) throws -> ImportReport {
        let layout = try ILSVRCLayout(source: source)
        let synsets = try layout.synsets.map(SynsetTable.init) ?? .empty
        let (training, classes) = try trainingQueue(layout.training)
        let validation = try validationQueue(layout, classes: classes, synsets: synsets)
        return try ImageImport(
            identity: .init(
                format: ImportFormat.ilsvrc.rawValue, source: target.source,
                side: target.size ?? ImageFolderImport.defaultSide, packing: target.packing, classes: classes),
            labels: synsets.words(for: classes),
            splits: [
                (.train, training, layout.training.path), (.validation, validation, layout.validation.path),
            ], target: target
        ).run()
    }

    private static func trainingQueue(_ part: ILSVRCLayout.Part) throws -> (any ImageQueue, [String]) {
        switch part {
        case .archive(let path):
            let queue = try SynsetArchives(archive: path)
            return (queue, queue.classes)
        case .folder(let path):
            if let queue = try SynsetArchives(folder: path) { return (queue, queue.classes) }
            let classes = try FolderListing.entries(path).filter { $0.kind == .folder }.map(\.name)
            guard !classes.isEmpty else {
                throw DatasetError("\(path) has neither folders nor archives of synsets; unpack the training archive there")
            }
            return (try FolderImages(folder: path, classes: classes), classes)
        }
    }

    private static func validationQueue(
        _ layout: ILSVRCLayout, classes: [String], synsets: SynsetTable
    ) throws -> any ImageQueue {
        if case .folder(let path) = layout.validation {
            let folders = try FolderListing.entries(path).filter { $0.kind == .folder }
            if !folders.isEmpty {
                for folder in folders where !classes.contains(folder.name) {
                    throw DatasetError(
                        "the class \(folder.name) is in \(path) but not in \(layout.training.path); take both from one "
                            + "challenge")
                }
                return try FolderImages(folder: path, classes: classes)
            }
        }
        guard let truth = layout.groundTruth else {
            throw DatasetError(
                "the classes of the images in \(layout.validation.path) are unknown; put the devkit's "
                    + "ILSVRC2012_validation_ground_truth.txt and meta.mat beside it")
        }
        let ground = try GroundTruth(path: truth, classes: classes, synsets: synsets)
        switch layout.validation {
        case .archive(let path): return try FlatImages(archive: path, truth: ground)
        case .folder(let path): return try FlatImages(folder: path, truth: ground)
        }
    }
}
