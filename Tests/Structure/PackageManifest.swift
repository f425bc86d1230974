/// The dependencies that Package.swift names for each target of the product.
struct PackageManifest {
    let dependencies: [String: Set<String>]

    /// Reads targets that are written as `module("NAME", [...])` or `target(name: "NAME", dependencies: [...])`.
    init(_ text: String) {
        var dependencies: [String: Set<String>] = [:]
        let target = #/(?:module\(\s*|(?:target|executableTarget)\(\s*name:\s*)"(\w+)"([^\])]*)\]/#
        for match in text.matches(of: target) {
            dependencies[String(match.1)] = Set(match.2.matches(of: #/"(\w+)"/#).map { String($0.1) })
        }
        self.dependencies = dependencies
    }
}
