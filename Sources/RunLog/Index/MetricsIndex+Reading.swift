import Foundation

extension MetricsIndex {
    /// Opens a run's index. If there is none that fits the lines, it is rebuilt, and saved unless the run is active.
    /// - Parameter progress: is called regularly with the fraction that is done, if lines have to be read.
    public init(_ directory: RunDirectory, progress: (Double) -> Void = { _ in }) {
        // The index is read first, so that lines written meanwhile count as lines that it does not cover.
        let stored = RunDirectory.content(directory.indexPath)
        guard let lines = LineFile(directory.metricsPath) else {
            self.init(stored: Data(), count: 0, tail: [])
            return
        }
        if let stored, let count = Self.usableCount(stored, lines) {
            let covered = count == 0 ? 0 : Self(stored: stored, count: count, tail: [])[count - 1].end
            self.init(stored: stored, count: count, tail: Self.scan(lines, from: covered, progress: progress))
        } else {
            let entries = Self.scan(lines, from: 0, progress: progress)
            self.init(stored: Data(), count: 0, tail: entries)
            // The writer of an active run maintains the index itself.
            if entries.count > 1000, (try? directory.record().state) != .running {
                try? Self.bytes(entries).write(to: URL(fileURLWithPath: directory.indexPath), options: .atomic)
            }
        }
    }

    static func bytes(_ entries: [Entry]) -> Data {
        var data = Data(header)
        for entry in entries { data.append(contentsOf: encode(entry)) }
        return data
    }

    /// Returns the number of usable records of an index file; nil if it does not belong to these lines.
    private static func usableCount(_ stored: Data, _ lines: borrowing LineFile) -> Int? {
        guard stored.count >= header.count, stored.prefix(header.count).elementsEqual(header) else { return nil }
        // A torn last record is ignored.
        let count = (stored.count - header.count) / recordBytes
        let index = Self(stored: stored, count: count, tail: [])
        // A few samples suffice: in an index of another file, lines would not begin and end at the same offsets.
        for position in Set([0, count / 2, count - 1]) where count > 0 {
            let entry = index[position]
            guard (0..<1 << 60).contains(entry.offset), entry.length < 1 << 26, entry.end <= lines.size else { return nil }
            let line = lines.read(entry.offset, entry.length + 1)
            let before = lines.read(entry.offset - 1, entry.offset > 0 ? 1 : 0)
            guard line.last == 0x0A, before.allSatisfy({ $0 == 0x0A }), MetricsLine(line: line.dropLast())?.step == entry.step else {
                return nil
            }
        }
        return count
    }

    /// Returns entries of the complete lines from an offset on. Torn and unknown lines have none.
    private static func scan(_ lines: borrowing LineFile, from start: Int, progress: (Double) -> Void) -> [Entry] {
        var entries: [Entry] = []
        let (size, decoder) = (Double(lines.size), JSONDecoder())
        lines.forEachLine(from: start) { offset, line in
            if let parsed = MetricsLine(line: line, decoder: decoder) { entries.append(Entry(parsed, offset: offset, length: line.count)) }
            if entries.count % 8192 == 8191 { progress(Double(offset) / size) }
        }
        return entries
    }
}

extension MetricsIndex.Entry {
    init(_ line: MetricsLine, offset: Int, length: Int) {
        switch line {
        case .step(let step):
            self.init(
                kind: .step, step: step.step, epoch: step.epoch, offset: offset, length: length,
                figures: SIMD4(step.loss, step.learning_rate, step.images_per_second, step.seconds))
        case .validation(let line):
            self.init(
                kind: .validation, step: line.step, epoch: line.epoch, offset: offset, length: length,
                figures: SIMD4(line.loss, line.top1_error, line.top5_error, 0))
        case .norms(let line):
            self.init(kind: .norms, step: line.step, epoch: 0, offset: offset, length: length, figures: .zero)
        }
    }
}
