import Testing

/// Files are short enough to be read as a whole.
@Suite struct LineCountTests {
    private static let limit = 300

    /// Tables of data that may be longer, with the reason for each.
    private static let tables: [String: String] = [:]

    /// Files that are longer today. The list may only shrink.
    private static let offenders = ShrinkingList([])

    private static func long(_ files: [SourceFile]) -> Set<String> {
        Set(files.filter { !$0.isGenerated && $0.lineCount > limit }.map(\.path))
    }

    @Test func noFileIsLongerThanTheLimit() throws {
        let files = try SourceFile.all(in: ["Sources", "Tests", "deploy"], ["swift", "js", "py", "sh"])
        let long = Self.long(files)
        for path in Self.tables.keys { #expect(long.contains(path), "\(path) is short enough; remove it from the tables") }
        #expect(Self.offenders.problems(long.subtracting(Self.tables.keys), "has more than \(Self.limit) lines") == [])
    }

    @Test func aLongFileIsFound() {
        func file(_ path: String, _ lines: Int, end: String = "\n") -> SourceFile {
            SourceFile(path: path, text: Array(repeating: "x", count: lines).joined(separator: "\n") + end)
        }
        let files = [
            file("a.swift", 300), file("b.swift", 301), file("c.py", 301, end: ""), file("d.sh", 300, end: ""), file("e.pb.swift", 900),
            SourceFile(path: "f.js", text: ""),
        ]
        #expect(files.map(\.lineCount) == [300, 301, 301, 300, 900, 0])
        #expect(Self.long(files) == ["b.swift", "c.py"])
    }
}
