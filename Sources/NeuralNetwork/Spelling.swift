/// Suggests what a user may have meant.
public enum Spelling {
    /// `; did you mean X?` with the nearest candidate, or the list of all when none is near.
    public static func suggestion(for word: String, among candidates: [String]) -> String {
        // The distance takes time with a word's length, and none of this length is near.
        guard word.utf8.count <= 64 else { return "; known are \(candidates.joined(separator: ", "))" }
        let ranked = candidates.map { ($0, distance(word.lowercased(), $0.lowercased())) }.sorted { $0.1 < $1.1 }
        if let (nearest, distance) = ranked.first, distance <= max(2, word.count / 3) {
            return "; did you mean \(nearest)?"
        }
        return "; known are \(candidates.joined(separator: ", "))"
    }

    /// The Levenshtein distance.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let substitution = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
