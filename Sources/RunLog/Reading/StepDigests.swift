import Foundation

/// The digests of a run's steps in ascending order. Steps come from the index; lines are read on request.
struct StepDigests: ~Copyable {
    let steps: [Int]
    private let index: MetricsIndex
    /// The position in the index of each step's line.
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
            // The file was edited by hand. The last line of a step counts.
            found = Dictionary(found.map { ($0.step, $0.position) }) { $1 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        (steps, positions) = (found.map(\.step), found.map(\.position))
        if let file = LineFile(directory.metricsPath) { lines = LineWindow(file) }
    }

    /// Returns the digest of the step at an index of `steps`; nil if its line is gone.
    mutating func digest(at position: Int) -> String? {
        guard let line = lines?.line(index[positions[position]]) else { return nil }
        if let digest = Self.leading(line) { return digest }
        return if case .step(let step)? = MetricsLine(line: line) { step.digest } else { nil }
    }

    private static let key = Array(#"{"digest":""#.utf8)

    /// Returns the digest without decoding the line, if the digest comes first as in lines of this program (keys are sorted).
    private static func leading(_ line: Data) -> String? {
        line.withUnsafeBytes { bytes in
            guard bytes.starts(with: key), let end = bytes.dropFirst(key.count).firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            let digest = bytes[key.count..<end]
            return digest.contains(UInt8(ascii: "\\")) ? nil : String(decoding: digest, as: UTF8.self)
        }
    }
}
