package import Platform

/// The four IDX files of a data set, found by the names under which they are distributed.
///
/// `train-images-idx3-ubyte` and `train-images.idx3-ubyte`, `t10k` or `test`, plain or gzipped, with a prefix such as `emnist-letters-`.
package struct IDXSet: Equatable, Sendable {
    /// The names' common beginning, such as `emnist-letters-`; empty for MNIST.
    package let prefix: String
    package let images: [Split: FileName]
    package let labels: [Split: FileName]
    /// EMNIST's table of labels and characters.
    package let mapping: FileName?

    private static let splitWords: [Split: [String]] = [.train: ["train"], .validation: ["t10k", "test"]]

    /// Returns every set among the files of a folder, by prefix. A set that lacks files is among them.
    package static func all(in files: [FileName]) -> [IDXSet] {
        let byName = Dictionary(files.map { ($0.lowercased, $0) }) { first, _ in first }
        let prefixes = Set(byName.keys.compactMap(prefix))
        return prefixes.sorted().map { prefix in
            func find(_ split: Split, _ kind: String) -> FileName? {
                let names = (splitWords[split] ?? []).flatMap { word in
                    ["-\(kind)", ".\(kind)"].flatMap { kind in ["", ".gz"].map { "\(prefix)\(word)-\(Self.noun(kind))\(kind)\($0)" } }
                }
                return names.lazy.compactMap { byName[$0] }.first
            }
            var (images, labels) = ([Split: FileName](), [Split: FileName]())
            for split in Split.allCases {
                images[split] = find(split, "idx3-ubyte")
                labels[split] = find(split, "idx1-ubyte")
            }
            return IDXSet(prefix: prefix, images: images, labels: labels, mapping: byName["\(prefix)mapping.txt"])
        }
    }

    /// The names of the files that are missing.
    package var missing: [String] {
        Split.allCases.flatMap { split -> [String] in
            let word = split == .train ? "train" : "t10k"
            return [
                images[split] == nil ? "\(prefix)\(word)-images-idx3-ubyte" : nil,
                labels[split] == nil ? "\(prefix)\(word)-labels-idx1-ubyte" : nil,
            ].compactMap { $0 }
        }
    }

    private static func noun(_ kind: String) -> String { kind.hasSuffix("idx3-ubyte") ? "images" : "labels" }

    /// Returns the beginning of a name of a file of images or labels.
    private static func prefix(_ name: String) -> String? {
        var name = name[...]
        if name.hasSuffix(".gz") { name = name.dropLast(3) }
        for word in splitWords.values.joined() {
            for end in ["images-idx3-ubyte", "images.idx3-ubyte", "labels-idx1-ubyte", "labels.idx1-ubyte"]
            where name.hasSuffix("\(word)-\(end)") {
                return String(name.dropLast(word.utf8.count + 1 + end.utf8.count))
            }
        }
        return nil
    }
}

/// The names of the classes of a set of IDX files, and the labels that its files use for them.
package struct IDXClasses: Equatable, Sendable {
    package let names: [String]
    /// The place in `names` for each label of the files, which need not begin with 0.
    private let places: [Int: Int]

    package init(_ names: [String], first: Int = 0) {
        self.names = names
        places = Dictionary(uniqueKeysWithValues: names.indices.map { ($0 + first, $0) })
    }

    /// Reads EMNIST's mapping: a line for each class, with its label and the codes of its characters. The first names the class.
    package init?(mapping: String) {
        let rows = mapping.split(whereSeparator: \.isNewline).map { $0.split(separator: " ").map { Int($0) } }
        var (names, places) = ([String](), [Int: Int]())
        for row in rows {
            guard row.count >= 2, let label = row[0], let code = row[1], code > 0x20, code < 0x7F, places[label] == nil else { return nil }
            places[label] = names.count
            names.append(String(UnicodeScalar(UInt8(code))))
        }
        guard !names.isEmpty, Set(names).count == names.count else { return nil }
        (self.names, self.places) = (names, places)
    }

    package func place(_ label: Int) -> Int? { places[label] }

    private static let digits = (0..<10).map(String.init)
    private static let upper = (0x41...0x5A).map { String(UnicodeScalar(UInt8($0))) }
    private static let lower = (0x61...0x7A).map { String(UnicodeScalar(UInt8($0))) }
    private static let fashion = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    /// Returns the classes of a known set.
    package static func known(prefix: String, isFashion: Bool) -> IDXClasses {
        // EMNIST's letters count from 1; its other sets merge letters that look alike in both cases.
        if prefix.hasSuffix("letters-") { return IDXClasses(upper, first: 1) }
        if prefix.hasSuffix("byclass-") { return IDXClasses(digits + upper + lower) }
        if prefix.hasSuffix("balanced-") || prefix.hasSuffix("bymerge-") {
            return IDXClasses(digits + upper + ["a", "b", "d", "e", "f", "g", "h", "n", "q", "r", "t"])
        }
        return IDXClasses(isFashion ? fashion : digits)
    }
}
