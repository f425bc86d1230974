import Platform
import Testing

@Suite struct FileNameTests {
    @Test func bytesThatAreNotUTF8AreShownReversibly() {
        let names: [[UInt8]] = [
            Array("café.png".utf8), Array("cafe\u{301}.png".utf8), [0x63, 0xE9, 0x2E], [0xFF, 0xFE], [0xC3], [0xED, 0xA0, 0x80],
            Array(#"back\slash"#.utf8), Array(#"\xE9"#.utf8), Array("tab\tnew\nline\u{1B}[31m".utf8), [0xF0, 0x9F, 0x98], [],
            [0xC0, 0xAF], [0xF5, 0x80, 0x80, 0x80], [0xC2, 0x85], [0xE2, 0x80, 0xA8],
        ]
        for bytes in names {
            let name = FileName(bytes: bytes)
            #expect(FileName(shown: name.shown).bytes == bytes, "\(name.shown)")
            #expect(!name.shown.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0xFFFD })
        }
        #expect(FileName(bytes: [0x63, 0xE9]).shown == #"c\xE9"#)
        #expect(FileName("été").shown == "été" && FileName(#"a\b"#).shown == #"a\\b"#)
        // Text that no name is shown as is taken as it stands.
        #expect(FileName(shown: #"\q\x1"#).bytes == Array(#"\q\x1"#.utf8))
    }

    @Test func namesThatDifferOnlyInTheirNormalFormDiffer() {
        #expect(FileName("caf\u{E9}") != FileName("cafe\u{301}"))
        #expect(FileName("caf\u{E9}").shown == FileName("cafe\u{301}").shown)
    }

    /// As `sorted(os.listdir())` of Python has them, which maps stray bytes to U+DC80 and above.
    @Test func theOrderIsThatOfCodePoints() {
        let sorted: [FileName] = [
            FileName(""), FileName("10"), FileName("2"), FileName("A"), FileName("a"), FileName("aa"), FileName("cafe\u{301}"),
            FileName("caf\u{E9}"), FileName("\u{4E00}"), FileName(bytes: [0x80]), FileName(bytes: [0xFF]), FileName("\u{E000}"),
            FileName("\u{FFFF}"), FileName("\u{10000}"),
        ]
        #expect(sorted.reversed().sorted() == sorted)
        #expect(sorted.shuffled().sorted() == sorted)
    }

    @Test func pathsKeepTheirBytes() {
        let path = FilePath(bytes: [0x2F, 0xE9]).appending("b").appending(FileName(bytes: [0xFF]))
        #expect(path.bytes == [0x2F, 0xE9, 0x2F, 0x62, 0x2F, 0xFF])
        #expect(path.shown == #"/\xE9/b/\xFF"# && path.last.bytes == [0xFF] && path.parent.bytes == [0x2F, 0xE9, 0x2F, 0x62])
        #expect(FilePath("").appending("a") == FilePath("a") && FilePath("a/").appending("b") == FilePath("a/b"))
        #expect(FilePath("/a/b/c").isWithin(FilePath("/a/b")) && !FilePath("/a/bc").isWithin(FilePath("/a/b")))
        #expect(FilePath("/a/./b/../c/").standardized == FilePath("/a/c") && FilePath("x").standardized.last == FileName("x"))
        #expect(FilePath("a").parent == FilePath(".") && FilePath("/a").parent == FilePath("/") && FilePath("a/b/").parent == FilePath("a"))
        #expect(FileName("a.b.png").stem == FileName("a.b") && FileName(".hidden").stem == FileName(".hidden"))
    }
}
