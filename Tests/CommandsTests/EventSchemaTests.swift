import Foundation
import TestSupport
import Testing

/// The documentation of events and the sources that write them.
@Suite struct EventSchemaTests {
    @Test func everyKindOfEventIsDocumented() throws {
        let sources = URL(fileURLWithPath: Repository.path("Sources"))
        var written: Set<String> = []
        for case let file as URL in try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /journal\.note\(\s*"([^"]+)"/) { written.insert(String(match.1)) }
            guard file.lastPathComponent == "JournalEntry.swift" else { continue }
            // The kinds of a journal's entries.
            for match in text.matches(of: #/\(\s*"([a-z-]+)", /#) { written.insert(String(match.1)) }
        }
        struct Schema: Decodable {
            struct Reference: Decodable {
                let ref: String
                enum CodingKeys: String, CodingKey { case ref = "$ref" }
            }
            let oneOf: [Reference]
        }
        let schema = try Data(contentsOf: URL(fileURLWithPath: Repository.path("docs/schemas/events.schema.json")))
        let described = Set(
            try JSONDecoder().decode(Schema.self, from: schema).oneOf.map { $0.ref.replacingOccurrences(of: "#/$defs/", with: "") })
        #expect(written.count > 20 && written == described, "\(written.symmetricDifference(described).sorted())")
        let page = try String(contentsOfFile: Repository.path("docs/run-log.md"), encoding: .utf8)
        for kind in written { #expect(page.contains("`\(kind)`"), "\(kind)") }
    }
}
