import Testing

/// Types have few stored properties: one with many is several subjects, and its states cannot be drawn.
@Suite struct StoredPropertyTests {
    private static let limit = 15
    private static let modules = ["Coordinator", "Worker", "ParameterStore"]

    /// Types that have more today. The list may only shrink.
    private static let offenders = ShrinkingList()

    /// Returns the types of a module that have too many stored properties, with the module's name.
    private static func large(_ module: String, _ files: [SourceFile]) -> Set<String> {
        Set(StoredProperties(files).counts.filter { $0.value > limit }.map { "\(module).\($0.key)" })
    }

    @Test func noTypeHasMoreStoredPropertiesThanTheLimit() throws {
        var large: Set<String> = []
        for module in Self.modules {
            let files = try SourceFile.all(in: ["Sources/\(module)"], ["swift"])
            let counts = StoredProperties(files).counts
            #expect(counts.count > 20 && counts.values.contains { $0 > 8 }, "the types of \(module) were not found")
            large.formUnion(Self.large(module, files))
        }
        #expect(Self.offenders.problems(large, "has more than \(Self.limit) stored properties, with those of its nested structures") == [])
    }

    private func counts(_ texts: String...) -> [String: Int] {
        StoredProperties(texts.map { SourceFile(path: "a.swift", text: $0) }).counts
    }

    @Test(arguments: [
        ("let a: Int", 1), ("var a = 1", 1), ("private(set) var a: [Int: String] = [:]", 1), ("package let a, b: Int", 2),
        ("var (a, b, c) = (1, 2, 3)", 3), ("var (a, b): (Int, Int)", 2), ("lazy var a = { 1 }()", 1),
        ("@Flag(name: .long) var a = false", 1),
        ("weak var a: A?", 1), ("var a: Int { didSet { b() } }", 1), ("var a = 1 {\n        willSet { b() }\n    }", 1),
        ("let a = b.map { $0 + 1 }, c: [Int]", 2), ("var a: Result<Int, E>", 1), ("var a: (Int, Int) -> Void", 1),
        ("let a: Int\n    /// let b: Int\n    // var c: Int\n    let d = \"}\"", 2),
        ("let a = \"\\(b(\"}\")) let\"\n    let c = #\"\\\"}\"#", 2),
        ("var a: Int { 1 }", 0), ("var a: Int {\n        let b = 1\n        return b\n    }", 0), ("static let a = 1", 0),
        ("func a() {\n        let b = 1\n        var c = 2\n    }", 0), ("init(\n        a: Int\n    ) {\n        let b = a\n    }", 0),
        ("subscript(a: Int) -> Int {\n        let b = a\n        return b\n    }", 0),
    ]) func storedPropertiesAreCounted(_ members: String, _ count: Int) {
        for type in ["struct A", "public final class A: B", "package actor A", "struct A<T>: Sendable where T: Sendable"] {
            #expect(counts("import B\n\n\(type) {\n    \(members)\n}\n")["A"] == count, "\(type) { \(members) }")
        }
    }

    @Test func propertiesOfNestedStructuresCountForBoth() {
        let found = counts(
            """
            final class A {
                private struct State { var a = 1; let b: Int }
                private enum Kind { case c, d }
                struct Deep {
                    struct Deeper {
                        let e: Int
                    }
                }
                private let state: State
            }
            """,
            """
            extension A {
                struct Other {
                    let f: Int
                }
                final class Peer {
                    let g: Int
                }
                var h: Int { 1 }
            }
            """)
        #expect(found == ["A": 5, "A.State": 2, "A.Deep": 1, "A.Deep.Deeper": 1, "A.Other": 1, "A.Peer": 1])
    }

    @Test func aTypeWithTooManyPropertiesIsFound() {
        func file(_ path: String, _ name: String, _ count: Int) -> SourceFile {
            let members = (0..<count).map { "    private var p\($0) = \($0)\n" }.joined()
            return SourceFile(path: path, text: "struct \(name) {\n\(members)}\n")
        }
        let files = [
            file("a.swift", "Small", 15), file("b.swift", "Large", 16), file("c.swift", "Divided", 10),
            SourceFile(
                path: "d.swift",
                text: "extension Divided {\n    struct Part {\n        let (a, b, c, d, e, f) = (1, 2, 3, 4, 5, 6)\n    }\n}\n"),
        ]
        #expect(Self.large("M", files) == ["M.Large", "M.Divided"])
    }
}
