import Platform

/// Finds the parts of a challenge below a directory, in the layouts in which they are commonly kept.
struct ILSVRCLayout {
    /// A part by its path in the tree.
    enum Part {
        case archive(FilePath)
        case folder(FilePath)

        var path: FilePath {
            switch self {
            case .archive(let path), .folder(let path): path
            }
        }
    }

    let training: Part
    let validation: Part
    /// The paths for `open`.
    let groundTruth: FilePath?
    let synsets: FilePath?

    private static let trees = ["", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC"]
    private static let trainingNames = ["train", "ILSVRC2012_img_train", "ILSVRC2010_images_train"]
    private static let validationNames = ["val", "validation", "ILSVRC2012_img_val", "ILSVRC2010_images_val"]
    private static let devkitFolders = [
        "", "data", "devkit/data", "ILSVRC2012_devkit_t12/data", "ILSVRC2010_devkit-1.0/data", "devkit-1.0/data",
        "ILSVRC/devkit/data",
    ]
    private static let truthNames = [
        "ILSVRC2012_validation_ground_truth.txt", "ILSVRC2010_validation_ground_truth.txt",
        "validation_ground_truth.txt", "LOC_val_solution.csv", "val.txt", "val/val_annotations.txt",
    ]
    private static let synsetNames = ["meta.mat", "map_clsloc.txt", "synset_words.txt", "LOC_synset_mapping.txt", "words.txt"]

    init(_ tree: DiskTree) throws {
        let source = tree.root.shown
        guard let training = try Self.part(tree, Self.trainingNames) else {
            throw DatasetError(
                "\(source) has no training images; put ILSVRC2012_img_train.tar or a folder named train into it")
        }
        guard let validation = try Self.part(tree, Self.validationNames) else {
            throw DatasetError(
                "\(source) has no validation images; put ILSVRC2012_img_val.tar or a folder named val into it")
        }
        (self.training, self.validation) = (training, validation)
        groundTruth = Self.file(tree, Self.truthNames)
        synsets = Self.file(tree, Self.synsetNames)
    }

    private static func part(_ tree: DiskTree, _ names: [String]) throws -> Part? {
        for folder in trees.map({ FilePath($0) }) where FolderListing.isFolder(tree.full(folder)) {
            let entries = try tree.entries(folder)
            for name in names {
                if FolderListing.isRegularFile(tree.full(folder).appending(name + ".tar")) {
                    return .archive(folder.appending(name + ".tar"))
                }
                switch entries.first(where: { $0.name == FileName(name) })?.kind {
                case .folder?: return .folder(folder.appending(name))
                case .folderLink(let reason)?: throw DatasetError("\(tree.full(folder).appending(name).shown) is not followed: \(reason)")
                default: break
                }
            }
        }
        return nil
    }

    private static func file(_ tree: DiskTree, _ names: [String]) -> FilePath? {
        for name in names {
            for folder in devkitFolders {
                let path = tree.full(FilePath(folder)).appending(name)
                if FolderListing.isRegularFile(path) { return path }
            }
        }
        return nil
    }
}
