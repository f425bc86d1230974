import Foundation

/// Follows a file of JSON lines that grows.
public struct LineReader<Line: Decodable & Sendable>: Sendable {
    private let path: String
    private var offset: Int
    private var file: FileIdentity?

    /// - Parameter offset: where the first line begins that is read.
    public init(_ path: String, from offset: Int = 0) { (self.path, self.offset) = (path, offset) }

    /// Whole readable lines since the last call. Where another file took its place, as the metrics of a resumed
    /// run do, it is read on from that one's end.
    /// - Parameter progress: called now and then with the fraction of the file that has been read.
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
