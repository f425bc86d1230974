package import Platform

/// The layout of a folder of images: where each split's images are, and what tells their classes.
///
/// Paths are relative to the source.
package struct ImageFolderLayout: Sendable, Equatable {
    /// A folder whose images, also those in folders within it, are all of one class.
    package struct ClassFolder: Sendable, Equatable {
        package let name: FileName
        package let path: FilePath
    }

    /// A folder of images of several classes.
    package struct MixedFolder: Sendable, Equatable {
        package let path: FilePath
        /// The table that names the class of each image; nil if nothing tells it.
        package let table: FilePath?
        /// Whether images in folders within it are part of it.
        package var isDeep = false

        package init(path: FilePath, table: FilePath?, isDeep: Bool = false) {
            (self.path, self.table, self.isDeep) = (path, table, isDeep)
        }
    }

    /// The images of one split.
    package struct Part: Sendable, Equatable {
        package var classes: [ClassFolder] = []
        package var mixed: [MixedFolder] = []
        /// WebDataset archives.
        package var shards: [FilePath] = []
        /// Whether it is a test split, whose table may turn out to have no classes.
        package var isTest = false

        package var isEmpty: Bool { classes.isEmpty && mixed.isEmpty && shards.isEmpty }
        /// Whether something tells the classes of at least some images.
        package var isLabelled: Bool { !classes.isEmpty || !shards.isEmpty || mixed.contains { $0.table != nil } }
    }

    /// A phrase that says what was recognized.
    package var summary: String
    package var training: Part
    /// Nil if the source has none, so that a share of the training images becomes the validation split.
    package var validation: Part?
    /// Parts of the source that are not packed.
    package var leftOut: [LeftOutEntry] = []
}

/// A sentence about the layouts that are recognized.
enum KnownLayouts {
    static let sentence =
        "recognized are train/CLASS/* with val, valid, validation or test beside it, CLASS/* without a split, folders of images with a "
        + "table such as metadata.csv, Tiny-ImageNet, and WebDataset archives (docs/datasets.md shows each)"

    /// Describes the first entries of a folder.
    static func seen(_ entries: [FolderEntry]) -> String {
        guard !entries.isEmpty else { return "it is empty" }
        func list(_ names: [FileName], _ one: String, _ several: String) -> String? {
            guard !names.isEmpty else { return nil }
            let shown = names.prefix(5).map(\.shown).joined(separator: ", ")
            return "\(names.count == 1 ? one : several) \(shown)\(names.count > 5 ? " and \(names.count - 5) more" : "")"
        }
        let folders = entries.filter { $0.kind == .folder }.map(\.name)
        let others = entries.filter { $0.kind != .folder }.map(\.name)
        return "it has "
            + [list(folders, "the folder", "the folders"), list(others, "the file", "the files")].compactMap { $0 }
            .joined(separator: ", and ")
    }
}
