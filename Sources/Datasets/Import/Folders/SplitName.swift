import Platform

/// Recognizes what a folder's or an archive's name says about its split.
enum SplitName {
    enum Role: Sendable { case training, validation, test }

    private static let words: [String: Role] = [
        "train": .training, "training": .training, "val": .validation, "valid": .validation, "validation": .validation,
        "dev": .validation, "eval": .validation, "test": .test, "testing": .test,
    ]
    /// Words that name what accompanies images.
    private static let companions: Set<Substring> = [
        "annotation", "annotations", "anno", "label", "labels", "mask", "masks", "boxes", "bbox", "bboxes", "meta", "metadata",
    ]

    /// Returns the role of a name that is one of the words, in any case.
    static func role(_ name: FileName) -> Role? { words[name.lowercased] }

    /// Returns the role of a name that has one of the words among others, such as `seg_train`, `train2017` or `Training Set`.
    static func looseRole(_ name: FileName) -> Role? {
        let parts = name.lowercased.split { !$0.isASCII || !$0.isLetter }
        guard !parts.contains(where: companions.contains) else { return nil }
        let roles = parts.compactMap { words[String($0)] }
        return roles.count == 1 ? roles.first : nil
    }

    /// Whether a name is that of a folder with what accompanies images, such as `labels`.
    static func isCompanion(_ name: FileName) -> Bool { companions.contains(Substring(name.lowercased)) }
}

/// Recognizes kinds of files by their names. What an image really is, its first bytes tell when it is read.
enum FileKind {
    private static let images = [
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".ppm", ".pgm", ".pnm", ".psd", ".webp", ".tif", ".tiff", ".heic",
        ".heif", ".avif",
    ]
    private static let archives = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip", ".7z", ".rar"]

    static func isImage(_ name: FileName) -> Bool { has(name, images) }
    static func isArchive(_ name: FileName) -> Bool { has(name, archives) }
    static func isShard(_ name: FileName) -> Bool { has(name, [".tar"]) }
    static func isParquet(_ name: FileName) -> Bool { has(name, [".parquet", ".arrow"]) }
    static func isTable(_ name: FileName) -> Bool { has(name, [".csv", ".tsv", ".txt", ".jsonl"]) }

    private static func has(_ name: FileName, _ suffixes: [String]) -> Bool {
        let lower = FileName(name.lowercased)
        return suffixes.contains { lower.hasSuffix($0) }
    }
}
