import Foundation

/// The resident memory of this process.
public enum MemoryUse {
    /// Bytes of private memory, and of mapped shared segments, that are resident now. Mapped files, such as the data set,
    /// belong to the page cache and are not counted.
    public static var current: (own: Int, shared: Int) {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return (0, 0) }
        var fields: [Substring: Int] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("Rss") {
            let words = line.split(whereSeparator: { $0 == ":" || $0 == "\t" || $0 == " " })
            if words.count >= 2, let kilobytes = Int(words[1]) { fields[words[0]] = kilobytes << 10 }
        }
        return (fields["RssAnon", default: 0], fields["RssShmem", default: 0])
    }
}
