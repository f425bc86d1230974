import Foundation
import TestSupport
import Testing

/// Facts of a release that other programs rely on, one on each line of Golden/NAME.txt.
///
/// A later release may add facts, and has all of these. A fact that is to be given up is removed from the file by hand.
struct GoldenFile {
    private let name: String
    let facts: Set<String>

    init(_ name: String) throws {
        self.name = name
        let text = try String(contentsOfFile: Repository.path("Tests/System/Contract/Golden/\(name).txt"), encoding: .utf8)
        facts = Set(text.split(separator: "\n").map(String.init))
    }

    /// Compares the file with the facts of the built program.
    ///
    /// Missing facts are failures. Additional facts are allowed and printed, so that they can be appended to the file.
    func check(_ found: Set<String>, sourceLocation: SourceLocation = #_sourceLocation) {
        let missing = facts.subtracting(found).sorted()
        #expect(missing.isEmpty, "missing from \(name): \(missing.joined(separator: "; "))", sourceLocation: sourceLocation)
        let added = found.subtracting(facts).sorted()
        if !added.isEmpty { print("allowed additions to \(name):\n" + added.joined(separator: "\n")) }
    }
}
