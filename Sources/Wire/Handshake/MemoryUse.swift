import Foundation

/// Memory of this process.
public enum MemoryUse {
    /// Bytes of memory that this process alone holds, and of shared segments that it maps: now. Files that it maps, such as its data set,
    /// are the page cache's.
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
