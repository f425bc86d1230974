import Platform

extension ImageFolderRecognizer {
    private struct SplitFolder {
        let path: FilePath
        let part: ImageFolderLayout.Part
        /// Entries of operating systems in the folders around the images.
        let leftOut: [LeftOutEntry]
    }

    /// The layout of a folder with folders of splits; nil if it has none of training images.
    /// - Parameter role: says by a name which split it is.
    func splits(
        _ folder: FilePath, _ entries: [FolderEntry], _ role: (FileName) -> SplitName.Role?
    ) throws -> ImageFolderLayout? {
        var named: [SplitName.Role: [FileName]] = [:]
        for entry in entries where entry.kind == .folder {
            if let role = role(entry.name) { named[role, default: []].append(entry.name) }
        }
        guard let training = try only(named[.training], in: folder) else { return nil }
        let train = try splitFolder(training, .training, folder, entries)
        // A class may be called "train": then there are only images in it, and nothing that tells their classes.
        guard train.part.isLabelled else { return nil }
        var layout = ImageFolderLayout(summary: "", training: train.part, validation: nil, leftOut: train.leftOut)
        let classes = try spellings(train.part)
        for kind in [SplitName.Role.validation, .test] {
            guard let name = try only(named[kind], in: folder) else { continue }
            let found = try splitFolder(name, kind, folder, entries)
            layout.leftOut += found.leftOut
            if layout.validation != nil {
                layout.leftOut.append(LeftOutEntry(found.path, .surplus, "a third split; a data set has two"))
            } else if isLabelled(found.part, classes) {
                layout.validation = found.part
                layout.summary = "\(self.kind(train.part)) in \(training.shown) and \(name.shown)"
            } else if kind == .test {
                layout.leftOut.append(LeftOutEntry(found.path, .surplus, "nothing tells the classes of its images"))
            } else {
                throw DatasetError(
                    "nothing tells the classes of the images in \(found.path.shown): it has neither folders of the classes in "
                        + "\(train.path.shown) nor a table; put one folder per class, or a table metadata.csv with the columns file_name "
                        + "and label, into it")
            }
        }
        if layout.validation == nil { layout.summary = "\(self.kind(train.part)) in \(training.shown), without validation images" }
        let packed = Set(named.values.joined())
        let tables = Set((train.part.mixed + (layout.validation?.mixed ?? [])).compactMap(\.table))
        layout.leftOut += beside(
            entries.filter { !packed.contains($0.name) }, in: folder, "beside the folders of splits", reading: tables)
        return layout
    }

    /// Returns the only name for a split.
    private func only(_ names: [FileName]?, in folder: FilePath) throws -> FileName? {
        guard let names, names.count > 1 else { return names?.first }
        // `val` and `validation` may be two names of one folder or two splits; which, the names do not tell.
        let shown = names.map { folder.appending($0).shown }.joined(separator: " and ")
        throw DatasetError("\(shown) are both folders of one split; keep one of them in the source")
    }

    private func kind(_ part: ImageFolderLayout.Part) -> String {
        if !part.shards.isEmpty { return "WebDataset archives" }
        return part.classes.isEmpty ? "images with a table" : "a folder for each class"
    }

    /// The names of a part's classes as far as folders tell them; nil if a table or an archive does.
    private func spellings(_ part: ImageFolderLayout.Part) throws -> Set<String>? {
        guard part.shards.isEmpty, !part.mixed.contains(where: { $0.table != nil }) else { return nil }
        return Set(part.classes.map(\.name.shown))
    }

    /// Whether something tells the classes of a part's images. A folder `images`, for example, is no class.
    private func isLabelled(_ part: ImageFolderLayout.Part, _ classes: Set<String>?) -> Bool {
        if !part.shards.isEmpty || part.mixed.contains(where: { $0.table != nil }) { return true }
        guard let classes else { return part.classes.contains { $0.name.lowercased != "images" } }
        return part.classes.contains { classes.contains($0.name.shown) }
    }

    // MARK: One split

    private func splitFolder(
        _ name: FileName, _ role: SplitName.Role, _ folder: FilePath, _ siblings: [FolderEntry]
    ) throws -> SplitFolder {
        let path = folder.appending(name)
        var (inner, entries) = (path, try tree.visible(path))
        var leftOut = system(try tree.entries(path), in: path)
        try checkLinks(entries, in: path)
        let tables = ImageTables(tree: tree)
        let table = tables.own(path, entries) ?? tables.beside(folder, siblings, of: name, role)
        // seg_train/seg_train/CLASS, and train/images/CLASS.
        while true {
            let folders = entries.filter { $0.kind == .folder }
            guard folders.count == 1, !entries.contains(where: { $0.kind == .file && FileKind.isImage($0.name) }) else { break }
            let only = folders[0].name
            let next = inner.appending(only)
            let below = try tree.visible(next)
            guard only == inner.last || only.lowercased == "images" && below.contains(where: { $0.kind == .folder }) else { break }
            (inner, entries) = (next, below)
            leftOut += system(try tree.entries(inner), in: inner)
            try checkLinks(entries, in: inner)
        }
        if let shards = shardPaths(inner, entries) { return SplitFolder(path: path, part: .init(shards: shards), leftOut: leftOut) }
        let folders = entries.filter { $0.kind == .folder }
        let names = Set(folders.map(\.name.lowercased))
        if let table, names.subtracting(["images"]).allSatisfy({ SplitName.isCompanion(FileName($0)) }) {
            // Tiny-ImageNet: val/images/* with val/val_annotations.txt.
            let images = folders.first { $0.name.lowercased == "images" }.map { inner.appending($0.name) }
            var part = ImageFolderLayout.Part(mixed: [.init(path: images ?? inner, table: table, isDeep: images != nil)])
            part.isTest = role == .test
            return SplitFolder(path: path, part: part, leftOut: leftOut)
        }
        guard !(names.contains("images") && names.contains(where: { SplitName.isCompanion(FileName($0)) })) else {
            throw DatasetError(
                "\(inner.shown) has \(KnownLayouts.seen(entries).dropFirst("it has ".count)): it is a data set for finding objects, and its "
                    + "images have no class each; put the images of each class into a folder of that name")
        }
        var part = ImageFolderLayout.Part(classes: folders.map { .init(name: $0.name, path: inner.appending($0.name)) })
        if entries.contains(where: { $0.kind != .folder && inner.appending($0.name) != table }) {
            part.mixed = [.init(path: inner, table: table)]
        }
        return SplitFolder(path: path, part: part, leftOut: leftOut)
    }

    // MARK: WebDataset archives

    /// The archives of a folder in the order of their names; nil if it has none.
    func shardPaths(_ folder: FilePath, _ entries: [FolderEntry]) -> [FilePath]? {
        let names = entries.filter { $0.kind == .file && FileKind.isShard($0.name) }.map(\.name)
        return names.isEmpty ? nil : names.map { folder.appending($0) }
    }

    /// The layout of a folder of archives, whose names may say the split: train-000000.tar, imagenet-val-0001.tar.
    func shards(_ folder: FilePath, _ entries: [FolderEntry]) -> ImageFolderLayout? {
        guard let paths = shardPaths(folder, entries) else { return nil }
        let byRole = Dictionary(grouping: paths) { SplitName.looseRole($0.last.stem) }
        let training = byRole[.training] ?? byRole[nil] ?? []
        guard !training.isEmpty else { return nil }
        var layout = ImageFolderLayout(
            summary: "WebDataset archives", training: .init(shards: training),
            validation: (byRole[.validation] ?? byRole[.test]).map { .init(shards: $0) })
        if layout.validation == nil { layout.summary += ", without a split" }
        var left = byRole[.training] == nil ? [] : byRole[nil] ?? []
        if byRole[.validation] != nil { left += byRole[.test] ?? [] }
        layout.leftOut = left.map { LeftOutEntry($0, .surplus, "its name says neither training nor validation") }
        return layout
    }
}
