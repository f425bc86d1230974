import Testing

/// Summaries of public and package symbols name the symbol's kind or what it does.
@Suite struct DocCommentTests {
    @Test func noSummaryBeginsLikeAFragment() throws {
        // The tests of this folder contain made fragments.
        let files = try SourceFile.all(in: ["Sources", "Tests"], ["swift"])
            .filter { !$0.isGenerated && !$0.path.hasPrefix("Tests/Structure/") }
        let found = files.flatMap { file in
            DocComment.rejectedSummaries(in: file.text).map { "\(file.path):\($0.line): \($0.summary)" }
        }
        #expect(found == [])
    }

    @Test func aFragmentIsFound() {
        let text = """
            /// What it holds, in several
            /// lines.
            public struct A {
                /// Of the whole.
                @discardableResult
                package func b() {}
                /// Where nobody outside looks.
                private let c = 1
                /// Whether it holds.
                @Option(help: "x") public var d: Bool
                /// Returns a value.
                /// What follows is no summary.
                public func e() -> Int { 1 }
                /// Whatever.
                public init() {}
                /// Those of others.
                @Option(help: "x") package var f: Int
                // What is no doc comment.
                public let g = 1
            }
            """
        let found = DocComment.rejectedSummaries(in: text)
        #expect(found.map(\.line) == [1, 4, 16])
        #expect(found.map(\.summary) == ["What it holds, in several", "Of the whole.", "Those of others."])
    }
}
