import Foundation

/// Reads lines of a file in sequence, with large reads from the file.
struct LineWindow: ~Copyable {
    private static let piece = 1 << 20

    private let file: LineFile
    /// The piece that was read last, which begins at the offset `start`.
    private var data = Data()
    private var start = 0

    init(_ file: consuming LineFile) { self.file = file }

    /// Returns the bytes of a line; nil if the file no longer has that range.
    mutating func line(_ entry: MetricsIndex.Entry) -> Data? {
        // Entries are not validated: only a few of an index are checked when it is opened.
        guard (0..<1 << 60).contains(entry.offset), entry.length < 1 << 26 else { return nil }
        if entry.offset < start || entry.end > start + data.count {
            data = file.read(entry.offset, max(Self.piece, entry.length))
            start = entry.offset
        }
        let first = entry.offset - start
        guard first >= 0, first + entry.length <= data.count else { return nil }
        return data[first..<first + entry.length]
    }
}
