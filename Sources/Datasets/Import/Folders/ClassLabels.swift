import Platform

/// The classes of a layout, and the images of its splits with their labels.
struct ClassLabels {
    let classes: ClassList
    private let tables: [FilePath: LabelTable]
    private let tree: DiskTree
    private let shards: ShardIndex?

    /// - Parameter share: what is held out of the training images; nil if the layout has validation images.
    init(_ layout: ImageFolderLayout, _ tables: [FilePath: LabelTable], _ tree: DiskTree, share: HeldOutShare?) throws {
        (self.tables, self.tree) = (tables, tree)
        let training = layout.training
        guard training.shards.isEmpty else {
            let index = try ShardIndex(training.shards, in: tree, share: share)
            (classes, shards) = (index.classes, index)
            return
        }
        shards = nil
        let named = training.mixed.compactMap { $0.table.flatMap { tables[$0] } }.reduce(into: Set<String>()) { $0.formUnion($1.names) }
        classes = training.classes.isEmpty ? ClassList(table: named) : ClassList(training.classes.map(\.name))
    }

    /// Returns the images of a part.
    /// - Parameter divided: the split's part of what both splits are taken from; nil if all belongs to it.
    func queue(_ part: ImageFolderLayout.Part, _ divided: HeldOutShare.Part?) throws -> any ImageQueue {
        guard part.shards.isEmpty else {
            return ShardImages(part.shards.map { tree.full($0) }, classes: classes, index: shards, part: divided)
        }
        let tablePaths = Set(part.mixed.compactMap(\.table))
        let folders = part.classes.map { folder in
            source(folder.path, label(folder.name.shown), divided)
        }
        let mixed = part.mixed.map { folder in
            var source = source(folder.path, labels(folder), divided)
            (source.skipsFolders, source.tables) = (!folder.isDeep, tablePaths)
            return source
        }
        return try FolderImages(folders + mixed)
    }

    private func source(_ folder: FilePath, _ labels: any ImageLabels, _ divided: HeldOutShare.Part?) -> ImageSource {
        ImageSource(tree: tree, folder: folder, path: tree.full(folder), labels: labels, part: divided)
    }

    private func label(_ name: String) -> any ImageLabels {
        guard let label = classes.label(name) else {
            return NoLabel(error: ImageError("the class \(name) has no training images", .untrained))
        }
        return ClassLabel(label: label)
    }

    private func labels(_ folder: ImageFolderLayout.MixedFolder) -> any ImageLabels {
        guard let path = folder.table, let table = tables[path] else {
            return NoLabel(error: ImageError("nothing tells its class: it lies beside the folders of classes", .unlabelled))
        }
        return TableLabels(table: table, path: tree.full(path), classes: classes)
    }
}
