import Foundation
import Platform

/// The in-memory index of the traced steps' lines in timeline.jsonl.
///
/// When the file has grown, only the new part is scanned. Only the lines of a requested step are decoded.
public final class TimelineIndex: Sendable {
    private struct Location { let step: Int, offset: Int, count: Int }
    private struct Cache {
        var identity: FileIdentity?
        /// The number of bytes of the file that have been scanned.
        var end = 0
        var locations: [Location] = []
    }

    private let path: String
    private let cache = Monitor(Cache())

    public init(_ run: RunDirectory) { path = run.timelinePath }

    /// Returns the traced steps without duplicates, in ascending order.
    public func steps() -> [Int] { Set(locations().map(\.step)).sorted() }

    /// Returns the timelines of all processes in a step; empty if it was not traced.
    public func lines(of step: Int) -> [TimelineLine] {
        let locations = locations().filter { $0.step == step }
        guard let file = LineFile(path) else { return [] }
        return locations.compactMap { try? JSONDecoder().decode(TimelineLine.self, from: file.read($0.offset, $0.count)) }
    }

    private func locations() -> [Location] {
        cache.update { cache in
            guard let file = LineFile(path) else {
                cache = Cache()
                return []
            }
            // The file of a resumed run may have been truncated and have grown again.
            if cache.identity != file.identity || file.size < cache.end { cache = Cache(identity: file.identity) }
            var found: [Location] = []
            file.forEachLine(from: cache.end) { offset, line in
                if let step = Self.step(of: line) { found.append(Location(step: step, offset: offset, count: line.count)) }
                cache.end = offset + line.count + 1
            }
            cache.locations += found
            return cache.locations
        }
    }

    /// Finds the step without decoding: keys are sorted, so the step follows the spans. Lines written otherwise are decoded.
    private static func step(of line: Data) -> Int? {
        let tail = line.suffix(120)
        if let key = tail.range(of: Data(#","step":"#.utf8), options: .backwards) {
            let digits = tail[key.upperBound...].prefix { $0 >= 0x30 && $0 <= 0x39 }
            if let step = Int(String(decoding: digits, as: UTF8.self)) { return step }
        }
        return (try? JSONDecoder().decode(TimelineLine.self, from: line))?.step
    }
}
