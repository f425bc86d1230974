import Foundation
import Platform

/// Drops the lines of steps that a resumed run will train again, so that each step has one line.
enum MetricsTruncation {
    static func dropLines(of directory: RunDirectory, after step: Int) throws {
        if let lines = LineFile(directory.metricsPath) {
            let index = MetricsIndex(directory)
            var kept = Data()
            var entries: [MetricsIndex.Entry] = []
            index.forEach { entry in
                guard entry.step <= step else { return }
                var moved = entry
                moved.offset = kept.count
                let line = lines.read(entry.offset, entry.length + 1)
                guard line.count == entry.length + 1 else { return }
                kept.append(line)
                entries.append(moved)
            }
            // The old index is removed first, because it might happen to fit the new lines.
            try? FileManager.default.removeItem(atPath: directory.indexPath)
            try DurableFile.write([UInt8](kept), to: directory.metricsPath)
            try DurableFile.write([UInt8](MetricsIndex.bytes(entries)), to: directory.indexPath)
        }
        struct Line: Decodable { let step: Int }
        guard let timeline = LineFile(directory.timelinePath) else { return }
        let decoder = JSONDecoder()
        var kept = Data()
        timeline.forEachLine(from: 0) { _, line in
            guard let parsed = try? decoder.decode(Line.self, from: line), parsed.step <= step else { return }
            kept.append(line)
            kept.append(0x0A)
        }
        try DurableFile.write([UInt8](kept), to: directory.timelinePath)
    }
}
