import Platform

/// Recognizes the layout of a folder of images by the names and kinds of its entries alone.
package struct ImageFolderRecognizer {
    let tree: any FolderTree
    /// The number of folders that may surround the images.
    private static let depthLimit = 5

    package init(_ tree: any FolderTree) { self.tree = tree }

    /// Returns the layout of the tree.
    /// - Throws: `DatasetError`, which says what was seen and what would be recognized, and errors of listing folders.
    package func layout() throws -> ImageFolderLayout { try layout(FilePath(""), depth: 0) }

    private func layout(_ folder: FilePath, depth: Int) throws -> ImageFolderLayout {
        let entries = try tree.visible(folder)
        try checkLinks(entries, in: folder)
        if var found = try splits(folder, entries, SplitName.role) ?? splits(folder, entries, SplitName.looseRole)
            ?? unsplit(folder, entries) ?? classesFirst(folder, entries)
        {
            found.leftOut += system(try tree.entries(folder), in: folder)
            return found
        }
        if depth < Self.depthLimit, let inner = try container(folder, entries) {
            var found = try layout(inner, depth: depth + 1)
            found.leftOut += system(try tree.entries(folder), in: folder)
            found.leftOut += beside(entries.filter { folder.appending($0.name) != inner }, in: folder, "beside \(inner.last.shown)")
            return found
        }
        throw DatasetError(try refusal(folder, entries))
    }

    /// Entries that are left out everywhere.
    func system(_ entries: [FolderEntry], in folder: FilePath) -> [LeftOutEntry] {
        entries.compactMap { entry in entry.systemReason.map { LeftOutEntry(folder.appending(entry.name), .system, $0) } }
    }

    /// Entries beside what is packed. Tables that are read are not among them.
    func beside(_ entries: [FolderEntry], in folder: FilePath, _ reason: String, reading tables: Set<FilePath> = []) -> [LeftOutEntry] {
        entries.compactMap { entry in
            let path = folder.appending(entry.name)
            switch entry.kind {
            case .file where tables.contains(path) || ImageTables.namesOfClasses.contains(entry.name.lowercased): return nil
            case .file where FileKind.isImage(entry.name): return LeftOutEntry(path, .unlabelled, reason)
            case .link(let why), .folderLink(let why): return LeftOutEntry(path, .link, why)
            default: return LeftOutEntry(path, .surplus, reason)
            }
        }
    }

    /// Rejects a folder that would lack what links lead to.
    func checkLinks(_ entries: [FolderEntry], in folder: FilePath) throws {
        let links = entries.compactMap { entry -> String? in
            guard case .folderLink(let reason) = entry.kind else { return nil }
            return "\(folder.appending(entry.name).shown) (\(reason))"
        }
        guard !links.isEmpty else { return }
        let named = links.prefix(5).joined(separator: ", ") + (links.count > 5 ? " and \(links.count - 5) more" : "")
        throw DatasetError(
            "\(links.count == 1 ? "a symbolic link is" : "symbolic links are") not followed: \(named); use --follow-links, or put the "
                + "folders themselves there")
    }

    // MARK: Without splits

    /// Archives, a table beside images, or a folder for each class.
    private func unsplit(_ folder: FilePath, _ entries: [FolderEntry]) throws -> ImageFolderLayout? {
        if let shards = shards(folder, entries) { return shards }
        let folders = entries.filter { $0.kind == .folder }
        let tables = ImageTables(tree: tree)
        if let table = tables.own(folder, entries) {
            let hasImages = entries.contains { $0.kind == .file && FileKind.isImage($0.name) }
            let images = folders.filter { !SplitName.isCompanion($0.name) }
            if hasImages || images.count == 1 {
                let path = hasImages ? folder : folder.appending(images[0].name)
                return ImageFolderLayout(
                    summary: "images with the table \(table.last.shown), without a split",
                    training: .init(mixed: [.init(path: path, table: table, isDeep: !hasImages)]), validation: nil)
            }
        }
        let withImages = try folders.filter { try isClass(folder.appending($0.name)) }
        guard withImages.count >= 2 else { return nil }
        var part = ImageFolderLayout.Part(classes: folders.map { .init(name: $0.name, path: folder.appending($0.name)) })
        if entries.contains(where: { $0.kind != .folder }) { part.mixed = [.init(path: folder, table: nil)] }
        return ImageFolderLayout(summary: "a folder for each class, without a split", training: part, validation: nil)
    }

    /// Whether a folder has images itself, or in a folder `images`.
    private func isClass(_ folder: FilePath) throws -> Bool {
        let entries = try tree.visible(folder)
        if entries.contains(where: { $0.kind == .file && FileKind.isImage($0.name) }) { return true }
        let folders = entries.filter { $0.kind == .folder }
        guard folders.count == 1, folders[0].name.lowercased == "images" else { return false }
        return try tree.visible(folder.appending(folders[0].name)).contains { $0.kind == .file && FileKind.isImage($0.name) }
    }

    /// The folders of classes, each with folders of splits: CLASS/train/*, CLASS/test/*.
    private func classesFirst(_ folder: FilePath, _ entries: [FolderEntry]) throws -> ImageFolderLayout? {
        let folders = entries.filter { $0.kind == .folder }
        guard folders.count >= 2 else { return nil }
        var parts: [SplitName.Role: ImageFolderLayout.Part] = [:]
        for entry in folders {
            let path = folder.appending(entry.name)
            let inner = try tree.visible(path).filter { $0.kind == .folder }
            guard !inner.isEmpty, inner.contains(where: { SplitName.role($0.name) == .training }) else { return nil }
            for split in inner {
                guard let role = SplitName.role(split.name) else { return nil }
                parts[role, default: .init()].classes.append(.init(name: entry.name, path: path.appending(split.name)))
            }
        }
        guard let training = parts[.training] else { return nil }
        var layout = ImageFolderLayout(
            summary: "a folder for each class with folders of splits in it", training: training,
            validation: parts[.validation] ?? parts[.test])
        if parts[.validation] != nil, let test = parts[.test] {
            layout.leftOut = test.classes.map { LeftOutEntry($0.path, .surplus, "a third split; a data set has two") }
        }
        if entries.contains(where: { $0.kind != .folder }) { layout.training.mixed = [.init(path: folder, table: nil)] }
        return layout
    }

    // MARK: Folders around the images

    /// Returns the only folder that contains folders with images or folders of splits; nil if there is none or are several.
    private func container(_ folder: FilePath, _ entries: [FolderEntry]) throws -> FilePath? {
        let folders = entries.filter { $0.kind == .folder && !SplitName.isCompanion($0.name) }.map { folder.appending($0.name) }
        if folders.count <= 1 { return folders.first }
        let promising = try folders.filter { candidate in
            let inner = try tree.visible(candidate)
            if inner.contains(where: { $0.kind == .folder && SplitName.role($0.name) == .training }) { return true }
            return try inner.contains { entry in try entry.kind == .folder && isClass(candidate.appending(entry.name)) }
        }
        return promising.count == 1 ? promising[0] : nil
    }

    // MARK: Refusals

    private func refusal(_ folder: FilePath, _ entries: [FolderEntry]) throws -> String {
        let place = folder.bytes.isEmpty ? "" : "in \(folder.shown) "
        let seen = KnownLayouts.seen(entries)
        let files = entries.filter { $0.kind == .file }.map(\.name)
        let roles = Set(entries.filter { $0.kind == .folder }.compactMap { SplitName.role($0.name) })
        let advice: String
        if files.contains(where: FileKind.isParquet) {
            advice = "parquet files are converted with deploy/convert-parquet.py"
        } else if !roles.isEmpty, !roles.contains(.training) {
            advice = "there are no training images: put them into a folder named train, with one folder for each class"
        } else if files.contains(where: FileKind.isImage) {
            advice =
                "nothing tells the classes of its images: put each class into a folder, or a table metadata.csv with the columns "
                + "file_name and label beside them"
        } else if files.contains(where: FileKind.isArchive) {
            advice = "unpack its archives first"
        } else if roles.contains(.training) {
            advice = "its folder of training images has no folders; create one folder per class in it"
        } else if entries.filter({ $0.kind == .folder }).count > 1 {
            advice = "if one of its folders contains the images, name that one as the source"
        } else {
            advice = "name the directory that contains the images"
        }
        return "no images are recognized \(place)as a data set: \(seen); \(advice); \(KnownLayouts.sentence)"
    }
}
