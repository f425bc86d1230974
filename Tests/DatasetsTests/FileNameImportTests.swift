import Datasets
import Foundation
import Glibc
import Platform
import TestSupport
import Testing

/// Names are bytes from the directory to `open`.
@Suite struct FileNameImportTests {
    /// Writes an image below the scratch folder at a path of any bytes.
    private func write(_ number: Int, _ names: [FileName], to scratch: Scratch) throws {
        var path = FilePath(scratch.path)
        for name in names.dropLast() {
            path = path.appending(name)
            _ = path.withCString { mkdir($0, 0o755) }
        }
        let file = try #require(path.appending(names[names.count - 1]).withCString { fopen($0, "wb") })
        let bytes = Images.png(number)
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }

    private func pack(_ scratch: Scratch, _ source: FileName = FileName("source")) throws -> ImportReport {
        let options = DatasetImporter.Options(
            format: .imagefolder, source: FilePath(scratch.path).appending(source), destination: scratch("packed"))
        return try DatasetImporter.run(options) { _, _, _ in }
    }

    private func names(_ texts: String...) -> [FileName] { texts.map { FileName($0) } }

    @Test func oneClassInTwoNormalFormsIsOneClass() throws {
        let scratch = try Scratch()
        for (number, name) in ["caf\u{E9}", "cafe\u{301}", "zoo"].enumerated() {
            try write(number, names("source", "train", name, "1.png"), to: scratch)
            try write(number + 10, names("source", "train", name, "2.png"), to: scratch)
        }
        try write(20, names("source", "val", "caf\u{E9}", "1.png"), to: scratch)
        let report = try pack(scratch)
        #expect(report.manifest.classes == ["caf\u{E9}", "zoo"])
        #expect(report.classCounts.train == [4, 2] && report.classCounts.validation == [1, 0])
        #expect(report.notes.contains { $0.contains("two Unicode normal forms") })
    }

    @Test func twoFilesThatDifferOnlyInTheirNormalFormAreBothRead() throws {
        let scratch = try Scratch()
        try write(1, names("source", "train", "a", "\u{C5}.png"), to: scratch)
        try write(2, names("source", "train", "a", "A\u{30A}.png"), to: scratch)
        try write(3, names("source", "train", "a", "\u{212B}.png"), to: scratch)
        try write(4, names("source", "val", "a", "1.png"), to: scratch)
        let report = try pack(scratch)
        #expect(report.manifest.counts.train == 3)
        let dataset = try Dataset(path: scratch("packed"))
        #expect(Set(try (0..<3).map { try Samples.pixels(dataset, .train, $0) }).count == 3)
    }

    @Test func namesThatAreNotUTF8AreReadAndShownEscaped() throws {
        let scratch = try Scratch()
        let odd = FileName(bytes: [0x73, 0xE9])
        for (number, split) in ["train", "val"].enumerated() {
            for (offset, name) in [FileName(bytes: [0x63, 0xE9]), FileName(bytes: [0x63, 0xE8]), FileName("d\\e")].enumerated() {
                try write(number * 9 + offset, [odd, FileName(split), name, FileName(bytes: [0xFF, 0x2E])], to: scratch)
            }
        }
        try FileManager.default.createDirectory(atPath: scratch("other"), withIntermediateDirectories: true)
        let report = try pack(scratch, odd)
        #expect(report.manifest.classes == [#"c\xE8"#, #"c\xE9"#, #"d\\e"#])
        #expect(report.manifest.name == #"s\xE9"# && report.skippedCount == 0)
        #expect(report.classCounts.train == [1, 1, 1] && report.classCounts.validation == [1, 1, 1])
        let path = FilePath(scratch.path).appending(odd).appending("train").appending(FileName(bytes: [0x63, 0xE9]))
        #expect(try ImageReader.square(path: path.appending(FileName(bytes: [0xFF, 0x2E])), size: 8).count == 192)
    }

    @Test func classesAreInTheOrderOfPython() throws {
        let scratch = try Scratch()
        // sorted() of Python. Swift's order of strings is that of their normal form.
        let sorted = ["10", "2", "B", "a", "e\u{301}", "z", "\u{E9}b", "\u{212B}", "\u{FFFD}"]
        for (number, name) in sorted.enumerated() {
            try write(number, names("source", "train", name, "1.png"), to: scratch)
            try write(number, names("source", "val", name, "1.png"), to: scratch)
        }
        let found = try pack(scratch).manifest.classes
        #expect(found.map { Array($0.utf8) } == sorted.map { Array($0.utf8) })
    }
}
