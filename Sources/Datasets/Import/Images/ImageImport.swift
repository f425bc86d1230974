import Platform

/// Packs the images of two queues. Resumes an interrupted import of the same identity.
struct ImageImport {
    let identity: ImportJournal.Identity
    /// Human-readable names of the identity's classes.
    let labels: [String]?
    /// For each split, its queue and its name in errors.
    let splits: [(split: Split, queue: any ImageQueue, source: String)]
    /// Parts of the source that no queue has.
    let leftOut: [LeftOutEntry]
    let target: ImportTarget

    func run() throws -> ImportReport {
        let directory = target.directory
        let found = try ImportJournal.load(identity, channels: 3, in: directory)
        if found == nil { try target.staging.empty() }
        var journal = found?.0
        let writer = DatasetWriter(
            directory: directory,
            .init(
                name: target.name, channels: 3, height: identity.side, width: identity.side, packing: identity.packing,
                classes: identity.classes, labels: labels), statistics: found?.1)
        let skipped = try SkippedList(directory: directory, resuming: journal?.skipped)
        if journal == nil {
            for entry in leftOut { try skipped.append(SkippedImage(file: entry.path.shown, reason: entry.reason), entry.kind) }
        }
        for (split, queue, source) in splits {
            let progress = journal?.written[split.rawValue]
            try writer.begin(split, resuming: progress)
            // If the journal is already at a later split, this one is complete.
            if let journal, progress != nil, journal.split != split { continue }
            var queue = queue
            if let journal, journal.split == split, let position = journal.position { try queue.seek(position) }
            journal = try pack(queue, split, writer, skipped, journal)
            guard writer.count(split) > 0 else {
                let example = skipped.first.last.map { " (\($0.file): \($0.reason))" } ?? ""
                throw DatasetError("\(source) has no usable image\(example); add JPEG or PNG files to it")
            }
        }
        try skipped.finish()
        let manifest = try writer.finish()
        ImportJournal.remove(in: directory)
        var report = ImportReport(manifest: manifest, skipped: skipped.first, skippedCount: skipped.count)
        report.leftOut = skipped.kinds
        return report
    }

    /// Packs one split.
    /// - Returns: The last saved state.
    private func pack(
        _ queue: any ImageQueue, _ split: Split, _ writer: DatasetWriter, _ skipped: SkippedList,
        _ journal: ImportJournal?
    ) throws -> ImportJournal? {
        var journal = journal
        let pipeline = DecodingPipeline(queue: queue, size: identity.side, packing: identity.packing)
        defer { pipeline.cancel() }
        var sinceSaved = 0
        while let outcome = try pipeline.next() {
            switch outcome.image {
            case .success(let image):
                try image.pixels.withUnsafeBytes { pixels in
                    guard let file = image.file else {
                        return try writer.append(pixels, label: outcome.item.label, to: split)
                    }
                    try file.withUnsafeBytes {
                        try writer.append(pixels, file: $0, label: outcome.item.label, to: split)
                    }
                }
            case .failure(let error):
                try skipped.append(SkippedImage(file: outcome.item.name, reason: error.reason), error.kind)
            }
            target.report(split, writer.count(split), fraction: outcome.item.fraction)
            sinceSaved += 1
            guard sinceSaved >= target.journalInterval else { continue }
            sinceSaved = 0
            let written = try writer.sync().map { ($0.key.rawValue, $0.value) }
            let state = ImportJournal(
                identity: identity, split: split, position: outcome.item.position,
                written: Dictionary(uniqueKeysWithValues: written), skipped: try skipped.sync(), statistics: "")
            journal = try ImportJournal.save(
                state, statistics: writer.statistics, previous: journal, in: target.directory)
        }
        return journal
    }
}
