import Foundation
package import Platform

/// The names of a challenge's synsets, and their numbers in its ground-truth files.
package struct SynsetTable {
    package struct Synset {
        /// `n01440764`
        let name: String
        /// The synset's number in the ground truth, from 1; nil if the file does not state it.
        let number: Int?
        /// `tench, Tinca tinca`
        let words: String
    }

    package let synsets: [Synset]

    static let empty = SynsetTable(synsets: [])

    /// Reads `meta.mat`, `map_clsloc.txt` (name, number, words) or a list of names with words.
    package init(path: String) throws { try self.init(path: FilePath(path)) }

    /// Reads a table whose path need not be UTF-8.
    package init(path: FilePath) throws {
        let bytes = try MappedFile(path: path, limit: 16 << 20).withBytes { Array($0) }
        synsets = path.last.hasSuffix(".mat") ? try Self.matlab(bytes, path.shown) : Self.text(bytes)
        guard !synsets.isEmpty else { throw DatasetError("\(path.shown): contains no synset; take it from the devkit again") }
    }

    private init(synsets: [Synset]) { self.synsets = synsets }

    private static func matlab(_ bytes: [UInt8], _ path: String) throws -> [Synset] {
        guard case .structs(let entries)? = try MATFile.variables(bytes, path: path)["synsets"] else { return [] }
        return entries.compactMap { entry in
            guard case .text(let name)? = entry["WNID"] else { return nil }
            let numbers = entry["ILSVRC2012_ID"] ?? entry["ILSVRC2010_ID"]
            let number: Int? = if case .numbers(let values)? = numbers { values.first.flatMap { Int(exactly: $0) } } else { nil }
            let words: String = if case .text(let text)? = entry["words"] { text } else { name }
            return Synset(name: name, number: number, words: words)
        }
    }

    private static func text(_ bytes: [UInt8]) -> [Synset] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(maxSplits: 1) { $0 == " " || $0 == "\t" }.map(String.init)
            guard parts.count == 2, isSynset(parts[0]) else { return nil }
            let rest = parts[1].split(separator: " ", maxSplits: 1).map(String.init)
            if rest.count == 2, let number = Int(rest[0]) {
                return Synset(name: parts[0], number: number, words: rest[1].replacingOccurrences(of: "_", with: " "))
            }
            return Synset(name: parts[0], number: nil, words: parts[1].trimmingCharacters(in: .whitespaces))
        }
    }

    /// Whether this is the identifier of a WordNet noun, such as `n01440764`.
    static func isSynset(_ name: String) -> Bool {
        name.utf8.count == 9 && name.hasPrefix("n") && name.utf8.dropFirst().allSatisfy { 0x30...0x39 ~= $0 }
    }

    /// Returns the synset at the end of an image's name, after an underscore.
    static func suffix(of stem: String) -> String? {
        let last = String(stem.suffix(9))
        return isSynset(last) && stem.dropLast(9).last == "_" ? last : nil
    }

    /// Returns the words of each class, or nil if none are known. A class without words gets its name.
    package func words(for classes: [String]) -> [String]? {
        let known = Dictionary(synsets.map { ($0.name, $0.words) }) { first, _ in first }
        guard classes.contains(where: { known[$0] != nil }) else { return nil }
        return classes.map { known[$0] ?? $0 }
    }
}
