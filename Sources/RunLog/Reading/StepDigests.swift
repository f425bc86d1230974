import Foundation

/// The digests of a run's steps, in their order. Steps come from the index; their lines are read as they are asked for.
struct StepDigests: ~Copyable {
    let steps: [Int]
    private let index: MetricsIndex
    /// Where the line of each of the steps is in the index.
    private let positions: [Int]
    private var lines: LineWindow?

    init(_ directory: RunDirectory, _ index: MetricsIndex) {
        self.index = index
        var (found, isOrdered) = ([(step: Int, position: Int)](), true)
        found.reserveCapacity(index.count)
        var position = 0
        index.forEach { entry in
            if entry.kind == .step {
                if let last = found.last, last.step >= entry.step { isOrdered = false }
                found.append((entry.step, position))
            }
            position += 1
        }
        if !isOrdered {
            // Lines that somebody put together by hand: the last one of a step counts.
            found = Dictionary(found.map { ($0.step, $0.position) }) { $1 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        (steps, positions) = (found.map(\.step), found.map(\.position))
        if let file = LineFile(directory.metricsPath) { lines = LineWindow(file) }
    }

    /// The digest of the step at a place among `steps`; nil where its line is gone.
    mutating func digest(at place: Int) -> String? {
        guard let line = lines?.line(index[positions[place]]) else { return nil }
        if let digest = Self.leading(line) { return digest }
        return if case .step(let step)? = MetricsLine(line: line) { step.digest } else { nil }
    }

    private static let key = Array(#"{"digest":""#.utf8)

    /// That of a line as this program writes them, keys sorted, without reading the rest of it.
    private static func leading(_ line: Data) -> String? {
        line.withUnsafeBytes { bytes in
            guard bytes.starts(with: key), let end = bytes.dropFirst(key.count).firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            let digest = bytes[key.count..<end]
            return digest.contains(UInt8(ascii: "\\")) ? nil : String(decoding: digest, as: UTF8.self)
        }
    }
}
