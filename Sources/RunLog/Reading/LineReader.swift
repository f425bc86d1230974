import Foundation

/// Follows a growing file of JSON lines.
public struct LineReader<Line: Decodable & Sendable>: Sendable {
    private let path: String
    private var offset: Int
    private var file: FileIdentity?

    /// - Parameter offset: the offset of the first line to read.
    public init(_ path: String, from offset: Int = 0) { (self.path, self.offset) = (path, offset) }

    /// Returns the complete readable lines since the last call. If another file has replaced this one, as when a run is
    /// resumed, reading continues at the end of the new file.
    /// - Parameter progress: is called regularly with the fraction of the file that has been read.
    public mutating func next(progress: (Double) -> Void = { _ in }) -> [Line] {
        guard let file = LineFile(path) else { return [] }
        if file.size < offset || self.file.map({ $0 != file.identity }) ?? false { offset = file.size }
        self.file = file.identity
        guard file.size > offset else { return [] }
        var (lines, end) = ([Line](), offset)
        let decoder = JSONDecoder()
        file.forEachLine(from: offset) { start, data in
            end = start + data.count + 1
            if let line = try? decoder.decode(Line.self, from: data) { lines.append(line) }
            if lines.count % 64 == 63 { progress(Double(end) / Double(file.size)) }
        }
        offset = end
        return lines
    }
}
