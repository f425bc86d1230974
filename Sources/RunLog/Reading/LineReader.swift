import Foundation

/// Follows a file of JSON lines that grows.
public struct LineReader<Line: Decodable & Sendable>: Sendable {
    private let path: String
    private var offset: Int

    /// - Parameter offset: where the first line begins that is read.
    public init(_ path: String, from offset: Int = 0) { (self.path, self.offset) = (path, offset) }

    /// Whole readable lines since the last call. A file that was written anew and is shorter, as the metrics of a resumed run
    /// are, is read on from its new end.
    public mutating func next() -> [Line] {
        guard let file = LineFile(path) else { return [] }
        if file.size < offset { offset = file.size }
        guard file.size > offset else { return [] }
        var (lines, end) = ([Line](), offset)
        let decoder = JSONDecoder()
        file.forEachLine(from: offset) { start, data in
            end = start + data.count + 1
            if let line = try? decoder.decode(Line.self, from: data) { lines.append(line) }
        }
        offset = end
        return lines
    }
}
