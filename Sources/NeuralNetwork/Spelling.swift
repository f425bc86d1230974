/// Suggestions for misspelt words.
public enum Spelling {
    /// Returns `; did you mean X?` with the nearest candidate, or a list of all candidates if none is near.
    public static func suggestion(for word: String, among candidates: [String]) -> String {
        let list = "; use one of \(candidates.joined(separator: ", "))"
        // The distance takes time proportional to the word's length, and no candidate is near a word this long.
        guard word.utf8.count <= 64 else { return list }
        let ranked = candidates.map { ($0, distance(word.lowercased(), $0.lowercased())) }.sorted { $0.1 < $1.1 }
        if let (nearest, distance) = ranked.first, distance <= max(2, word.count / 3) {
            return "; did you mean \(nearest)?"
        }
        return list
    }

    /// Returns the Levenshtein distance.
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
