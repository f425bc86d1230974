import Foundation

/// Finds the parts of a challenge below a directory, in the layouts in which they are commonly kept.
struct ILSVRCLayout {
    enum Part {
        case archive(String)
        case folder(String)

        var path: String {
            switch self {
            case .archive(let path), .folder(let path): path
            }
        }
    }

    let training: Part
    let validation: Part
    let groundTruth: String?
    let synsets: String?

    private static let trees = ["", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC"]
    private static let trainingNames = ["train", "ILSVRC2012_img_train", "ILSVRC2010_images_train"]
    private static let validationNames = ["val", "validation", "ILSVRC2012_img_val", "ILSVRC2010_images_val"]
    private static let devkitFolders = [
        "", "data", "devkit/data", "ILSVRC2012_devkit_t12/data", "ILSVRC2010_devkit-1.0/data", "devkit-1.0/data",
        "ILSVRC/devkit/data",
    ]
    private static let truthNames = [
        "ILSVRC2012_validation_ground_truth.txt", "ILSVRC2010_validation_ground_truth.txt",
        "validation_ground_truth.txt", "LOC_val_solution.csv", "val.txt",
    ]
    private static let synsetNames = ["meta.mat", "map_clsloc.txt", "synset_words.txt", "LOC_synset_mapping.txt"]

    init(source: String) throws {
        guard let training = Self.part(source, Self.trainingNames) else {
            throw DatasetError(
                "\(source) has no training images; put ILSVRC2012_img_train.tar or a folder named train into it")
        }
        guard let validation = Self.part(source, Self.validationNames) else {
            throw DatasetError(
                "\(source) has no validation images; put ILSVRC2012_img_val.tar or a folder named val into it")
        }
        (self.training, self.validation) = (training, validation)
        groundTruth = Self.file(source, Self.truthNames)
        synsets = Self.file(source, Self.synsetNames)
    }

    private static func part(_ source: String, _ names: [String]) -> Part? {
        for tree in trees {
            for name in names {
                let path = tree.isEmpty ? "\(source)/\(name)" : "\(source)/\(tree)/\(name)"
                if FolderListing.isRegularFile(path + ".tar") { return .archive(path + ".tar") }
                if FolderListing.isFolder(path) { return .folder(path) }
            }
        }
        return nil
    }

    private static func file(_ source: String, _ names: [String]) -> String? {
        for name in names {
            for folder in devkitFolders {
                let path = folder.isEmpty ? "\(source)/\(name)" : "\(source)/\(folder)/\(name)"
                if FolderListing.isRegularFile(path) { return path }
            }
        }
        return nil
    }
}
