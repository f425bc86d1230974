import Platform

/// Imports the ImageNet challenges as distributed (paper §2).
///
/// The parts are the training archive of a thousand synset archives or folders, the validation images with their ground
/// truth, and the devkit's names of the synsets.
enum ILSVRCImport {
    static func run(_ tree: DiskTree, target: ImportTarget) throws -> ImportReport {
        let layout = try ILSVRCLayout(tree)
        let synsets = try layout.synsets.map { try SynsetTable(path: $0) } ?? .empty
        var leftOut: [LeftOutEntry] = []
        let (training, classes) = try trainingQueue(layout.training, tree, &leftOut)
        let validation = try validationQueue(layout, tree, classes, synsets, &leftOut)
        var report = try ImageImport(
            identity: .init(
                format: ImportFormat.ilsvrc.rawValue, source: target.source,
                side: target.size ?? ImageFolderImport.defaultSide, packing: target.packing, classes: classes.names),
            labels: synsets.words(for: classes.names),
            splits: [
                (.train, training, tree.full(layout.training.path).shown),
                (.validation, validation, tree.full(layout.validation.path).shown),
            ], leftOut: leftOut.map { $0.below(tree.root) }, target: target
        ).run()
        report.layout = "\(layout.training.path.shown) and \(layout.validation.path.shown) of an ImageNet challenge"
        return report
    }

    private static func trainingQueue(
        _ part: ILSVRCLayout.Part, _ tree: DiskTree, _ leftOut: inout [LeftOutEntry]
    ) throws -> (any ImageQueue, ClassList) {
        switch part {
        case .archive(let path):
            let queue = try SynsetArchives(archive: tree.full(path))
            return (queue, ClassList(queue.classes.map { FileName($0) }))
        case .folder(let path):
            if let queue = try SynsetArchives(folder: tree.full(path)) { return (queue, ClassList(queue.classes.map { FileName($0) })) }
            let (folders, others) = try content(of: path, tree, &leftOut)
            let classes = ClassList(folders)
            guard !classes.names.isEmpty else {
                throw DatasetError(
                    "\(tree.full(path).shown) has neither folders nor archives of synsets; unpack the training archive there")
            }
            leftOut += others.map { LeftOutEntry(path.appending($0), .unlabelled, "beside the folders of classes") }
            return (try FolderImages(sources(folders, in: path, tree, classes)), classes)
        }
    }

    private static func validationQueue(
        _ layout: ILSVRCLayout, _ tree: DiskTree, _ classes: ClassList, _ synsets: SynsetTable, _ leftOut: inout [LeftOutEntry]
    ) throws -> any ImageQueue {
        let place = tree.full(layout.validation.path).shown
        func truth() throws -> GroundTruth? {
            try layout.groundTruth.map { try GroundTruth(path: $0, classes: classes.names, synsets: synsets) }
        }
        guard case .folder(let path) = layout.validation else {
            return try FlatImages(archive: tree.full(layout.validation.path), labels: ValidationLabels(truth: truth(), classes: classes))
        }
        var (folders, others) = try content(of: path, tree, &leftOut)
        // Tiny-ImageNet has its images in a folder `images`.
        var flat: [FilePath] = []
        if let images = folders.firstIndex(of: FileName("images")), classes.label("images") == nil {
            flat.append(path.appending(folders.remove(at: images)))
        }
        let known = folders.filter { classes.label($0.shown) != nil }
        guard !known.isEmpty || folders.isEmpty else {
            throw DatasetError(
                "the class \(folders[0].shown) is in \(place) but not in \(tree.full(layout.training.path).shown); take both from one "
                    + "challenge")
        }
        leftOut += folders.filter { classes.label($0.shown) == nil }.map {
            LeftOutEntry(path.appending($0), .untrained, "a folder of a class without training images")
        }
        others.removeAll { FileKind.isTable($0) }
        if !others.isEmpty { flat.append(path) }
        // A ground truth of numbers is useless without the devkit's table. That is an error only if all images depend on it.
        let ground = flat.isEmpty ? nil : known.isEmpty ? try truth() : try? truth()
        let labels = ValidationLabels(truth: ground, classes: classes)
        if known.isEmpty, labels.truth == nil, !others.contains(where: { SynsetTable.suffix(of: $0.stem.shown) != nil }) {
            throw DatasetError(
                "the classes of the images in \(place) are unknown; put the devkit's ILSVRC2012_validation_ground_truth.txt and meta.mat "
                    + "beside it")
        }
        let beside = flat.map { folder in
            ImageSource(tree: tree, folder: folder, path: tree.full(folder), labels: labels, skipsFolders: folder == path)
        }
        return try FolderImages(sources(known, in: path, tree, classes) + beside)
    }

    private static func sources(_ folders: [FileName], in path: FilePath, _ tree: DiskTree, _ classes: ClassList) -> [ImageSource] {
        folders.compactMap { name in
            let folder = path.appending(name)
            return classes.label(name.shown).map {
                ImageSource(tree: tree, folder: folder, path: tree.full(folder), labels: ClassLabel(label: $0))
            }
        }
    }

    /// Returns the folders and the files of a folder, without what is left out everywhere.
    private static func content(
        of path: FilePath, _ tree: DiskTree, _ leftOut: inout [LeftOutEntry]
    ) throws -> (folders: [FileName], others: [FileName]) {
        let recognizer = ImageFolderRecognizer(tree)
        let entries = try tree.entries(path)
        try recognizer.checkLinks(entries, in: path)
        leftOut += recognizer.system(entries, in: path)
        let visible = entries.filter { $0.systemReason == nil }
        return (visible.filter { $0.kind == .folder }.map(\.name), visible.filter { $0.kind != .folder }.map(\.name))
    }
}
