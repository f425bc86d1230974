import Foundation
package import Platform

/// The classes of validation images that are all in one folder or archive.
package struct GroundTruth: Sendable {
    private let path: String
    /// Labels by the number at the end of an image's name, from 1; -1 if the class has no training images.
    private let byNumber: [Int]
    /// Labels by the image's name without folder and extension.
    private let byName: [String: Int]

    /// Reads a list of synset numbers, a list of image names with labels (`val.txt`), or Kaggle's `LOC_val_solution.csv`.
    /// - Throws: `DatasetError` if the file is invalid or does not go with the classes.
    package init(path: String, classes: [String], synsets: SynsetTable) throws {
        try self.init(path: FilePath(path), classes: classes, synsets: synsets)
    }

    /// Reads a file whose path need not be UTF-8.
    package init(path bytes: FilePath, classes: [String], synsets: SynsetTable) throws {
        let path = bytes.shown
        self.path = path
        let text = try MappedFile(path: bytes, limit: 32 << 20).withBytes { String(decoding: $0, as: UTF8.self) }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        let labels = Dictionary(classes.enumerated().map { ($1, $0) }) { first, _ in first }
        if lines.allSatisfy({ Int($0) != nil }) {
            let names = Dictionary(synsets.synsets.compactMap { synset in synset.number.map { ($0, synset.name) } }) {
                first, _ in first
            }
            guard !names.isEmpty else {
                throw DatasetError(
                    "\(path) lists synsets by number, but no file maps numbers to synsets; put the devkit's meta.mat or "
                        + "map_clsloc.txt beside it")
            }
            byNumber = lines.map { Int($0).flatMap { names[$0] }.flatMap { labels[$0] } ?? -1 }
            byName = [:]
            guard byNumber.contains(where: { $0 >= 0 }) else {
                throw DatasetError("\(path) has no class of the training images; take all files from one challenge")
            }
            return
        }
        var byName: [String: Int] = [:]
        for line in lines {
            let parts = line.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }).map(String.init)
            guard parts.count >= 2 else { continue }
            let label = SynsetTable.isSynset(parts[1]) ? labels[parts[1]] : Int(parts[1])
            if let label, classes.indices.contains(label) { byName[Self.stem(parts[0])] = label }
        }
        guard !byName.isEmpty else {
            throw DatasetError("\(path): is not a ground truth; name a file that lists a class for every validation image")
        }
        (byNumber, self.byName) = ([], byName)
    }

    /// Returns the label of an image, or the reason why it has none.
    package func label(of name: String) -> Result<Int, ImageError> {
        let stem = Self.stem(name)
        if let label = byName[stem] { return .success(label) }
        // The copy on Hugging Face's hub has the synset in each name: ILSVRC2012_val_00000001_n01751748.
        if let synset = SynsetTable.suffix(of: stem) { return label(of: String(stem.dropLast(synset.count + 1))) }
        let digits = String(stem.reversed().prefix { $0.isASCII && $0.isNumber }.reversed())
        guard let number = Int(digits), byNumber.indices.contains(number - 1) else {
            return .failure(ImageError("not in \(path)", .unlabelled))
        }
        guard byNumber[number - 1] >= 0 else {
            return .failure(ImageError("its class has no training images", .untrained))
        }
        return .success(byNumber[number - 1])
    }

    private static func stem(_ name: String) -> String {
        ((name as NSString).lastPathComponent as NSString).deletingPathExtension
    }
}
