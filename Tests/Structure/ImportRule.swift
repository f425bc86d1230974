/// Imports between modules of the package.
enum ImportRule {
    private static let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]

    /// Returns the modules that a Swift file imports.
    static func imports(in text: String) -> Set<String> {
        var modules: Set<String> = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"),
                words[..<place].allSatisfy({ $0.hasPrefix("@") || modifiers.contains($0) })
            else { continue }
            let name = words[(place + 1)...].drop { kinds.contains($0) }.first
            if let module = name?.split(separator: ".").first { modules.insert(String(module)) }
        }
        return modules
    }

    /// Checks the imports of files in Sources.
    /// - Parameter modules: the modules of the package. Imports of others are not checked.
    /// - Returns: a sentence for each module and import that the table or the manifest does not have.
    static func violations(
        _ files: [SourceFile], of modules: Set<String>, _ table: ModuleTable, _ manifest: PackageManifest
    ) -> Set<String> {
        var violations: Set<String> = []
        for file in files {
            let parts = file.path.split(separator: "/")
            guard parts.count > 2, parts[0] == "Sources" else { continue }
            let module = String(parts[1])
            for imported in imports(in: file.text).intersection(modules).subtracting([module]) {
                if table.allowed[module]?.contains(imported) != true {
                    violations.insert("\(file.path): docs/architecture.md does not allow \(module) to import \(imported)")
                }
                if manifest.dependencies[module]?.contains(imported) != true {
                    violations.insert("\(file.path): Package.swift does not name \(imported) as a dependency of \(module)")
                }
            }
        }
        return violations
    }
}
