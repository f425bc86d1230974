import Foundation

/// Reads lines of a file one after another, of which the file is asked for a large piece at a time.
struct LineWindow: ~Copyable {
    private static let piece = 1 << 20

    private let file: LineFile
    /// What was read last, and where it begins.
    private var data = Data()
    private var start = 0

    init(_ file: consuming LineFile) { self.file = file }

    /// A line as it is; nil where the file has none of that length any more.
    mutating func line(_ entry: MetricsIndex.Entry) -> Data? {
        // A record may say anything: an index is looked at in a few places only.
        guard (0..<1 << 60).contains(entry.offset), entry.length < 1 << 26 else { return nil }
        if entry.offset < start || entry.end > start + data.count {
            data = file.read(entry.offset, max(Self.piece, entry.length))
            start = entry.offset
        }
        let place = entry.offset - start
        guard place >= 0, place + entry.length <= data.count else { return nil }
        return data[place..<place + entry.length]
    }
}
