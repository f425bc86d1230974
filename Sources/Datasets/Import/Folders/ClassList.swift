package import Platform

/// The classes of a data set, in the order of their labels.
package struct ClassList: Sendable {
    package let names: [String]
    /// Keyed by a class's name; two normal forms of a name are one key.
    private let labels: [String: Int]
    /// Classes whose folders are spelt in more than one way, which differ in their normal form only.
    package let merged: [String]

    /// Orders folders' names as Python orders them. One class may be spelt in several normal forms: the first one counts.
    package init(_ spellings: some Sequence<FileName>) {
        var (names, labels, merged) = ([String](), [String: Int](), [String]())
        for name in Set(spellings).sorted() {
            let shown = name.shown
            if let known = labels[shown] {
                merged.append(names[known])
            } else {
                labels[shown] = names.count
                names.append(shown)
            }
        }
        (self.names, self.labels, self.merged) = (names, labels, merged)
    }

    /// Orders names of a table: numbers by value if all are numbers, else as folders' names.
    package init(table names: Set<String>) {
        let numbers = names.map { Int($0) }
        guard numbers.allSatisfy({ $0 != nil }) else {
            self.init(names.map { FileName($0) })
            return
        }
        self.init(ordered: names.sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) })
    }

    /// Classes whose labels are their places in a list. All names must differ.
    package init(ordered names: [String]) {
        (self.names, merged) = (names, [])
        labels = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    }

    package func label(_ name: String) -> Int? { labels[name] }
}
