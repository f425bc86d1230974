import Foundation
import TestSupport
import Testing

/// Modules import only what docs/architecture.md allows and Package.swift names.
@Suite struct ImportTests {
    /// Sentences of `ImportRule`. The list may only shrink.
    private static let offenders = ShrinkingList()

    @Test func importsGoDownwardAndAreNamedInThePackage() throws {
        let table = ModuleTable(try String(contentsOfFile: Repository.path("docs/architecture.md"), encoding: .utf8))
        let manifest = PackageManifest(try String(contentsOfFile: Repository.path("Package.swift"), encoding: .utf8))
        let modules = Set(try FileManager.default.contentsOfDirectory(atPath: Repository.path("Sources")).filter { !$0.hasPrefix(".") })
        #expect(modules == Set(table.allowed.keys))
        #expect(table.problems == [])
        let violations = ImportRule.violations(try SourceFile.all(in: ["Sources"], ["swift"]), of: modules, table, manifest)
        #expect(Self.offenders.problems(violations, "") == [])
    }

    @Test func everyFormOfImportIsFound() {
        let text = """
            import A
            public import B
            @testable internal import C
            import struct D.Name
            @_spi(Inner) package import E
              import F
            // import G
            let text = "import H"
            important I
            """
        #expect(ImportRule.imports(in: text) == ["A", "B", "C", "D", "E", "F"])
    }

    @Test func anImportUpwardIsFound() {
        let files = [
            SourceFile(path: "Sources/Low/Folder/File.swift", text: "import High\nimport Foundation\n"),
            SourceFile(path: "Sources/High/File.swift", text: "import Low\nimport System\n"),
        ]
        let table = ModuleTable(Self.table("Low, System", "–"))
        let manifest = PackageManifest(#"module("High", ["Low", "System"]), .target(name: "Low", dependencies: ["High", other])"#)
        #expect(table.problems == [])
        #expect(
            ImportRule.violations(files, of: ["High", "Low", "System"], table, manifest)
                == ["Sources/Low/Folder/File.swift: docs/architecture.md does not allow Low to import High"])
    }

    @Test func aDependencyThatThePackageDoesNotNameIsFound() {
        let files = [SourceFile(path: "Sources/High/File.swift", text: "import Low\n")]
        let manifest = PackageManifest(#"module("High", ["System"]), module("Low")"#)
        #expect(
            ImportRule.violations(files, of: ["High", "Low", "System"], ModuleTable(Self.table("all below", "System")), manifest)
                == ["Sources/High/File.swift: Package.swift does not name Low as a dependency of High"])
    }

    @Test func aTableThatAllowsAnImportUpwardIsFound() {
        let table = ModuleTable(Self.table("all below", "High, System"))
        #expect(table.problems == ["Low lists High, which is not below it"])
        #expect(table.allowed == ["High": ["Low", "System", "Zlib"], "Low": ["System"], "System": [], "Zlib": []])
    }

    @Test func aListMayOnlyShrink() {
        let list = ShrinkingList(["a", "b"])
        #expect(list.problems(["a", "b"], "is wrong") == [])
        #expect(list.problems(["a", "c"], "is wrong") == ["c is wrong", "b no longer breaks the rule; remove it from the list"])
    }

    /// Returns a page with a table of three rows.
    private static func table(_ high: String, _ low: String) -> String {
        """
        # Page

        | module | is | imports |
        |---|---|---|
        | `High` | above | \(high) |
        | `Low` | below | \(low) |
        | `System`, `Zlib` | libraries | – |

        | module | is |
        |---|---|
        """
    }
}
