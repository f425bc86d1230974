import Foundation
import Threading

/// Where the traced steps' lines are in timeline.jsonl, kept in memory: a file that has grown is read on from where it ended, and
/// a step that is asked for is the only one that is decoded.
public final class TimelineIndex: Sendable {
    private struct Place { let step: Int, offset: Int, count: Int }
    private struct Known {
        var identity: FileIdentity?
        /// Bytes of the file that have been looked through.
        var end = 0
        var places: [Place] = []
    }

    private let path: String
    private let known = Monitor(Known())

    public init(_ run: RunDirectory) { path = run.timelinePath }

    /// The steps that were traced, each once, in order.
    public func steps() -> [Int] { Set(places().map(\.step)).sorted() }

    /// What the processes did in a step; empty where it was not traced.
    public func lines(of step: Int) -> [TimelineLine] {
        let places = places().filter { $0.step == step }
        guard let file = LineFile(path) else { return [] }
        return places.compactMap { try? JSONDecoder().decode(TimelineLine.self, from: file.read($0.offset, $0.count)) }
    }

    private func places() -> [Place] {
        known.update { known in
            guard let file = LineFile(path) else {
                known = Known()
                return []
            }
            // A resumed run's file may have been cut and grown again.
            if known.identity != file.identity || file.size < known.end { known = Known(identity: file.identity) }
            var found: [Place] = []
            file.forEachLine(from: known.end) { offset, line in
                if let step = Self.step(of: line) { found.append(Place(step: step, offset: offset, count: line.count)) }
                known.end = offset + line.count + 1
            }
            known.places += found
            return known.places
        }
    }

    /// Lines are written with their keys in order, the step after the spans; one that was written otherwise is decoded.
    private static func step(of line: Data) -> Int? {
        let tail = line.suffix(120)
        if let key = tail.range(of: Data(#","step":"#.utf8), options: .backwards) {
            let digits = tail[key.upperBound...].prefix { $0 >= 0x30 && $0 <= 0x39 }
            if let step = Int(String(decoding: digits, as: UTF8.self)) { return step }
        }
        return (try? JSONDecoder().decode(TimelineLine.self, from: line))?.step
    }
}
