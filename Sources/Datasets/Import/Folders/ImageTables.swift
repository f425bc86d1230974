import Platform

/// Finds tables that name the classes of images, by the names under which they are distributed.
struct ImageTables {
    /// Files with readable names of classes; see `SynsetTable`.
    static let namesOfClasses: Set<String> = ["words.txt", "wnids.txt", "synset_words.txt", "loc_synset_mapping.txt"]

    private static let own = [
        "metadata.csv", "metadata.jsonl", "_classes.csv", "labels.csv", "labels.tsv", "annotations.csv", "_annotations.csv",
    ]
    private static let words: [SplitName.Role: [String]] = [
        .training: ["train", "training"], .validation: ["val", "valid", "validation"], .test: ["test", "testing"],
    ]

    let tree: any FolderTree

    /// Returns the table in a folder for the images in it.
    func own(_ folder: FilePath, _ entries: [FolderEntry]) -> FilePath? {
        let files = entries.filter { $0.kind == .file }.map(\.name)
        if let known = Self.own.lazy.compactMap({ name in files.first { $0.lowercased == name } }).first {
            return folder.appending(known)
        }
        if let annotations = files.first(where: { $0.lowercased.hasSuffix("_annotations.txt") }) { return folder.appending(annotations) }
        let tables = files.filter { FileKind.isTable($0) && !$0.lowercased.hasSuffix(".txt") }
        return tables.count == 1 ? folder.appending(tables[0]) : nil
    }

    /// Returns the table beside a split's folder for the images in that folder.
    func beside(_ folder: FilePath, _ siblings: [FolderEntry], of name: FileName, _ role: SplitName.Role) -> FilePath? {
        let files = siblings.filter { $0.kind == .file }.map(\.name)
        var candidates: [String] = []
        for word in [name.lowercased] + (Self.words[role] ?? []) {
            candidates += ["", "_labels", "labels", "-labels", "_metadata", "_annotations"].flatMap { suffix in
                [".csv", ".tsv", ".jsonl", ".txt"].map { word + suffix + $0 }
            }
        }
        if role == .validation { candidates.append("loc_val_solution.csv") }
        if role == .training { candidates += ["labels.csv", "labels.tsv"] }
        candidates += ["metadata.csv", "metadata.jsonl"]
        return candidates.lazy.compactMap { candidate in files.first { $0.lowercased == candidate } }.first.map { folder.appending($0) }
    }
}
