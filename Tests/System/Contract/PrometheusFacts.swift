/// Metrics in Prometheus' text format.
enum PrometheusFacts {
    /// Labels whose values are fixed.
    private static let words: Set<Substring> = ["role", "state", "top"]

    /// Returns the type of each metric, its labels, and the values of fixed labels.
    static func facts(_ text: String) -> Set<String> {
        var facts: Set<String> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") { facts.insert(String(line.dropFirst(7))) }
            guard !line.hasPrefix("#"), let brace = line.firstIndex(of: "{"), let end = line.lastIndex(of: "}") else { continue }
            for label in line[line.index(after: brace)..<end].split(separator: ",") {
                let parts = label.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                facts.insert("\(line[..<brace]) label \(parts[0])")
                if words.contains(parts[0]) { facts.insert("\(line[..<brace]) label \(parts[0])=\(parts[1].filter { $0 != "\"" })") }
            }
        }
        return facts
    }
}
