import Commands
import Platform
import Testing

@Suite struct ArgumentBytesTests {
    private func repaired(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func repairedArgumentsGetTheirBytesBack() {
        let raw: [[UInt8]] = [Array("colonnade".utf8), [0x61, 0xE9], Array("plain".utf8), [0x61, 0xE8], Array("\u{FFFD}".utf8), [0xFF]]
        // Two names are repaired to the same text; their order tells them apart.
        let paths = ArgumentBytes.paths([repaired([0x61, 0xE9]), "plain", repaired([0x61, 0xE8])], raw: raw)
        #expect(paths.map(\.bytes) == [[0x61, 0xE9], Array("plain".utf8), [0x61, 0xE8]])
        // A name that really has the replacement character is itself.
        #expect(ArgumentBytes.paths(["\u{FFFD}"], raw: raw).map(\.bytes) == [[0xEF, 0xBF, 0xBD]])
        #expect(ArgumentBytes.paths(["a\u{FFFD}b"], raw: raw).map(\.bytes) == [Array("a\u{FFFD}b".utf8)])
    }

    @Test func normalFormsAreKept() {
        let raw = ["caf\u{E9}", "cafe\u{301}"].map { Array($0.utf8) }
        #expect(ArgumentBytes.paths(["cafe\u{301}", "caf\u{E9}"], raw: raw).map(\.bytes) == [raw[1], raw[0]])
    }
}
