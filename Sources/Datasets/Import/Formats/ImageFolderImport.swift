import Platform

/// Imports folders of images in the layouts that `ImageFolderRecognizer` knows.
struct ImageFolderImport {
    /// The side of the images that the paper stores (§2).
    static let defaultSide = 256
    /// The side of AlexNet's input. Smaller images are for other networks; if all have the same side, they keep it.
    private static let networkSide = 224

    let tree: DiskTree
    let target: ImportTarget

    static func run(_ tree: DiskTree, target: ImportTarget) throws -> ImportReport {
        let layout: ImageFolderLayout
        do {
            layout = try ImageFolderRecognizer(tree).layout()
        } catch let error as DatasetError {
            throw DatasetError("\(tree.root.shown): \(error.description)")
        }
        return try ImageFolderImport(tree: tree, target: target).run(layout)
    }

    private func run(_ layout: ImageFolderLayout) throws -> ImportReport {
        var (layout, notes) = (layout, [String]())
        let tables = try readTables(&layout)
        let share = try heldOut(layout, &notes)
        let labels = try ClassLabels(layout, tables, tree, share: layout.validation == nil ? share : nil)
        notes += labels.classes.merged.map { "the class \($0) is spelt in two Unicode normal forms; its folders are one class" }
        guard !labels.classes.names.isEmpty else {
            throw DatasetError("\(tree.root.shown): the training images have no classes; create one folder per class")
        }
        let splits = try Split.allCases.map { split -> (split: Split, queue: any ImageQueue, source: String) in
            let part = split == .train ? layout.training : layout.validation ?? layout.training
            let divided = layout.validation == nil ? HeldOutShare.Part(share, split) : nil
            return (split, try labels.queue(part, divided), "\(tree.root.shown) (\(split.rawValue))")
        }
        let side = try target.size ?? commonSide(splits.map(\.queue)) ?? Self.defaultSide
        let names = labels.classes.names
        var report = try ImageImport(
            identity: .init(
                format: ImportFormat.imagefolder.rawValue, source: target.source, side: side, packing: target.packing, classes: names,
                heldOut: layout.validation == nil ? "\(share.share) \(share.seed)" : nil),
            labels: try words(names), splits: splits, leftOut: layout.leftOut.map { $0.below(tree.root) }, target: target
        ).run()
        (report.layout, report.notes) = (layout.summary, notes + report.notes)
        return report
    }

    // MARK: Tables

    /// Reads the tables of a layout. A test split whose table has no classes is left out.
    private func readTables(_ layout: inout ImageFolderLayout) throws -> [FilePath: LabelTable] {
        var tables: [FilePath: LabelTable] = [:]
        for part in [layout.training, layout.validation].compactMap({ $0 }) {
            for path in part.mixed.compactMap(\.table) where tables[path] == nil {
                let name = tree.full(path)
                let bytes = try MappedFile(path: name, limit: 256 << 20).withBytes { Array($0) }
                do throws(ImageError) {
                    tables[path] = try LabelTable(bytes, name: path.last)
                } catch {
                    guard part.isTest else {
                        guard !part.classes.isEmpty else { throw DatasetError("\(name.shown): \(error.reason)") }
                        continue
                    }
                    layout.validation = nil
                    layout.leftOut += part.mixed.map { LeftOutEntry($0.path, .unlabelled, "\(path.shown) does not tell its classes") }
                    layout.summary += ", without validation images"
                }
            }
        }
        return tables
    }

    // MARK: A share for validation

    private func heldOut(_ layout: ImageFolderLayout, _ notes: inout [String]) throws -> HeldOutShare {
        let share = target.heldOut ?? HeldOutShare()
        guard layout.validation == nil else {
            guard target.heldOut == nil else {
                throw DatasetError("\(tree.root.shown) has validation images of its own; leave --validation-share out")
            }
            return share
        }
        guard share.share > 0, share.share < 1 else {
            throw DatasetError("--validation-share must be above 0 and below 1, not \(share.share)")
        }
        notes.append(
            "the source has no validation images: \(Self.percent(share.share)) of each class, chosen by the hash of the names with "
                + "seed \(share.seed), are held out for it (--validation-share)")
        return share
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }

    // MARK: Names and sizes

    /// Returns readable names for classes that are synsets, if a file has them.
    private func words(_ classes: [String]) throws -> [String]? {
        guard classes.allSatisfy(SynsetTable.isSynset) else { return nil }
        let paths = ["words.txt", "synset_words.txt", "LOC_synset_mapping.txt"].map { tree.root.appending($0) }
        guard let path = paths.first(where: FolderListing.isRegularFile) else { return nil }
        return try SynsetTable(path: path).words(for: classes)
    }

    /// Returns the common side if all readable images are squares of one side that is smaller than AlexNet's input.
    /// Stops at the first image that is not.
    private func commonSide(_ queues: [any ImageQueue]) throws -> Int? {
        let decoder = ImageDecoder()
        var side: Int?
        for queue in queues {
            var queue = queue
            while let item = try queue.next() {
                guard let bytes = try? item.bytes(), let (width, height) = try? decoder.dimensions(bytes) else { continue }
                guard width == height, width < Self.networkSide, side ?? width == width else { return nil }
                side = width
            }
        }
        return side
    }
}
