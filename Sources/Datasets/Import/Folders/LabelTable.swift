import Foundation
package import Platform

/// A table that names the class of each image: CSV, TSV, lines of JSON, or words between blanks, with or without a header.
package struct LabelTable: Sendable {
    private static let nameColumns = [
        "file_name", "filename", "filenames", "file_names", "file", "image", "image_id", "imageid", "image_name", "image_path", "img",
        "img_path", "path", "filepath", "filepaths", "id", "id_code", "name", "fname",
    ]
    private static let labelColumns = [
        "label_name", "class_name", "classname", "category_name", "label", "labels", "class", "class_id", "classid", "category",
        "category_id", "target", "species", "breed", "diagnosis", "text_label", "wnid", "synset", "predictionstring", "y",
    ]

    /// Classes by the image's name as the table writes it. Two normal forms of a name are one key.
    private let classes: [String: String]
    /// The same by the last name of each path, where only one image has it.
    private let classesByName: [String: String]

    /// The number of images that the table names.
    package var count: Int { classes.count }

    /// The classes that occur, once each.
    package var names: Set<String> { Set(classes.values) }

    /// - Parameter name: the table's name, whose end says whether it has lines of JSON.
    /// - Throws: `ImageError` if no column names the images or their classes.
    package init(_ bytes: [UInt8], name: FileName) throws(ImageError) {
        let rows = FileName(name.lowercased).hasSuffix(".jsonl") ? Self.lines(bytes) : DelimitedText.rows(bytes)
        guard let first = rows.first, first.count >= 2 else {
            throw ImageError("no table of images with their classes: it needs the columns file_name and label", .unlabelled)
        }
        let header = first.map { $0.lowercased() }
        let nameColumn = Self.nameColumns.lazy.compactMap { header.firstIndex(of: $0) }.first
        let labelColumn = Self.labelColumns.lazy.compactMap { header.firstIndex(of: $0) }.first
        var classes: [String: String] = [:]
        switch (nameColumn, labelColumn) {
        case (let column?, let label?):
            for row in rows.dropFirst() where row.count > max(column, label) { classes[row[column]] = row[label] }
        case (let column?, nil):
            // A column for each class, with 1 for the image's.
            let columns = header.indices.filter { $0 != column }
            let ones = Set(["1", "1.0", "0", "0.0"])
            let isOneHot =
                rows.count > 1
                && rows.dropFirst().allSatisfy { row in
                    row.count == header.count && columns.allSatisfy { ones.contains(row[$0]) }
                }
            guard isOneHot, columns.count >= 2 else {
                throw ImageError("it has no column of classes; call it label (it has \(first.joined(separator: ", ")))", .unlabelled)
            }
            for row in rows.dropFirst() {
                let chosen = columns.filter { row[$0].hasPrefix("1") }
                if chosen.count == 1 { classes[row[column]] = first[chosen[0]] }
            }
        default:
            guard labelColumn == nil else {
                throw ImageError("it has no column of files; call it file_name (it has \(first.joined(separator: ", ")))", .unlabelled)
            }
            // Without a header: the name and the class come first.
            for row in rows where row.count >= 2 { classes[row[0]] = row[1] }
        }
        self.classes = classes.filter { !$0.key.isEmpty && !$0.value.isEmpty }
        guard !self.classes.isEmpty else { throw ImageError("it names the class of no image", .unlabelled) }
        let byName = Dictionary(grouping: self.classes.filter { $0.key.contains("/") }) { FilePath($0.key).last.path.text }
        classesByName = byName.compactMapValues { $0.count == 1 ? $0[0].value : nil }
    }

    /// Returns the class of an image by its path, by the end of its path, or by either without its extension.
    package func name(of path: FilePath) -> String? {
        let names = path.names
        // The table may state a path from any folder above the image.
        for start in names.indices {
            let part = FilePath(bytes: names[start...].map(\.bytes).joined(separator: [0x2F]))
            if let found = classes[part.text] { return found }
            let stem = FilePath(bytes: names[start..<(names.endIndex - 1)].map(\.bytes).joined(separator: [0x2F])).appending(path.last.stem)
            if let found = classes[stem.text] { return found }
        }
        return classesByName[path.last.path.text]
    }

    private static func lines(_ bytes: [UInt8]) -> [[String]] {
        let objects = bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).compactMap { line in
            try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        }
        let header = Set(objects.flatMap(\.keys)).sorted()
        guard !header.isEmpty else { return [] }
        let rows = objects.map { object in
            header.map { key -> String in
                switch object[key] {
                case let text as String: text
                case let number as NSNumber: number.stringValue
                default: ""
                }
            }
        }
        return [header] + rows
    }
}

extension FilePath {
    /// The path as text for comparisons with the text of tables.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
