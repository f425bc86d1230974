import Datasets
import Fixtures
import Foundation
import Platform
import TestSupport
import Testing

/// Layouts on disk, from names to packed images.
@Suite struct FolderLayoutImportTests {
    private func pack(_ scratch: Scratch, share: Double? = nil, followsLinks: Bool = false) throws -> ImportReport {
        var options = DatasetImporter.Options(format: .imagefolder, source: scratch("source"), destination: scratch("packed"))
        (options.validationShare, options.followsLinks) = (share, followsLinks)
        return try DatasetImporter.run(options) { _, _, _ in }
    }

    /// Writes `count` images into each folder.
    private func write(_ folders: [String], _ count: Int, to scratch: Scratch) throws {
        try Images.write(folders.flatMap { folder in (0..<count).map { "source/\(folder)/\($0).png" } }, to: scratch)
    }

    private func refusal(_ scratch: Scratch, followsLinks: Bool = false) throws -> String {
        let error = #expect(throws: DatasetError.self) { try pack(scratch, followsLinks: followsLinks) }
        #expect(try !scratch.names().contains { $0.hasPrefix("packed") })
        return error?.description ?? ""
    }

    @Test func withoutASplitAShareOfEachClassIsHeldOut() throws {
        let scratch = try Scratch()
        try write(["ant", "bee"], 10, to: scratch)
        try write(["wasp"], 1, to: scratch)
        let report = try pack(scratch, share: 0.3)
        #expect(report.classCounts.train == [7, 7, 1] && report.classCounts.validation == [3, 3, 0])
        #expect(report.notes.contains { $0.contains("30 %") && $0.contains("seed 0") })
        #expect(report.skippedCount == 0)
        // Every image is in one split.
        let dataset = try Dataset(path: scratch("packed"))
        let images = try Split.allCases.flatMap { split in try (0..<dataset.count(split)).map { try Samples.pixels(dataset, split, $0) } }
        // The wasp is drawn as the first ant is.
        #expect(images.count == 21 && Set(images).count == 20)
        try FileManager.default.removeItem(atPath: scratch("packed"))
        #expect(try pack(scratch, share: 0.3).manifest.fingerprint == report.manifest.fingerprint)
    }

    @Test func aShareIsRefusedWhereASplitIsGiven() throws {
        let scratch = try Scratch()
        try write(["train/a", "val/a"], 2, to: scratch)
        let error = #expect(throws: DatasetError.self) { try pack(scratch, share: 0.1) }
        #expect(error?.description.contains("--validation-share") == true)
    }

    @Test func tablesTellTheClasses() throws {
        let scratch = try Scratch()
        try Images.write((0..<4).map { "source/train/\($0).png" } + (0..<3).map { "source/validation/x\($0).png" }, to: scratch)
        try scratch.write("file_name,label\n0.png,cat\n1.png,dog\n2.png,cat\n9.png,dog\n", to: "source/train/metadata.csv")
        try scratch.write(
            "{\"file_name\": \"x0.png\", \"label\": \"dog\"}\n{\"file_name\": \"x1.png\", \"label\": \"bird\"}\n",
            to: "source/validation/metadata.jsonl")
        let report = try pack(scratch)
        #expect(report.manifest.classes == ["cat", "dog"])
        #expect(report.classCounts.train == [2, 1] && report.classCounts.validation == [0, 1])
        #expect(report.skipped.map(\.reason).sorted()[0].contains("bird has no training images"))
        #expect(report.leftOut == [.unlabelled: 2, .untrained: 1])
    }

    @Test func aTestTableWithoutClassesIsNoSplit() throws {
        let scratch = try Scratch()
        try Images.write((0..<6).map { "source/train/\($0).png" } + ["source/test/7.png"], to: scratch)
        try scratch.write("id,label\n" + (0..<6).map { "\($0),\($0 % 2 == 0 ? "a" : "b")\n" }.joined(), to: "source/train.csv")
        try scratch.write("id,width\n7,3\n", to: "source/test.csv")
        let report = try pack(scratch)
        #expect(report.classCounts.train == [2, 2] && report.classCounts.validation == [1, 1])
        #expect(report.skipped.contains { $0.file.hasSuffix("source/test") && $0.reason.contains("test.csv") })
    }

    @Test func classesOfOneSplitAndImagesBesideFoldersAreSaid() throws {
        let scratch = try Scratch()
        try write(["train/a", "train/b", "val/a", "val/c"], 2, to: scratch)
        try Images.write(["source/val/7.png", "source/8.png"], to: scratch)
        try FileManager.default.createDirectory(atPath: scratch("source/train/empty"), withIntermediateDirectories: true)
        let report = try pack(scratch)
        #expect(report.manifest.classes == ["a", "b", "empty"])
        #expect(report.classCounts.empty(.train) == [2] && report.classCounts.empty(.validation) == [1, 2])
        #expect(report.leftOut == [.untrained: 2, .unlabelled: 2])
        let listed = String(decoding: try scratch.read("packed/skipped.tsv"), as: UTF8.self)
        for name in ["val/c/0.png", "val/c/1.png", "val/7.png", "source/8.png"] { #expect(listed.contains(name)) }
    }

    @Test func imagesInFoldersWithinAClassBelongToIt() throws {
        let scratch = try Scratch()
        try write(["train/a/left", "train/a/right/far", "train/b", "val/a", "val/b"], 2, to: scratch)
        #expect(try pack(scratch).classCounts.train == [4, 2])
    }

    // MARK: Links

    @Test func linksWithinTheSourceAreFollowed() throws {
        let scratch = try Scratch()
        try write(["store/x", "store/y", "train/c", "val/c"], 2, to: scratch)
        for split in ["train", "val"] {
            for (name, target) in [
                ("a", "../store/x"), ("b", "../store/y"), ("c/loop", ".."), ("c/gone.png", "nothing"), ("c/2.png", "0.png"),
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: scratch("source/\(split)/\(name)"), withDestinationPath: target)
            }
        }
        let report = try pack(scratch)
        #expect(report.manifest.classes == ["a", "b", "c"])
        #expect(report.classCounts.train == [2, 2, 3] && report.classCounts.validation == [2, 2, 3])
        #expect(report.leftOut[.link] == 4)
        #expect(report.skipped.contains { $0.file.hasSuffix("c/gone.png") && $0.reason.contains("leads nowhere") })
    }

    @Test func linksOutOfTheSourceAreRefusedByNameUnlessTheyAreFollowed() throws {
        let scratch = try Scratch()
        try write(["train/a", "val/a"], 2, to: scratch)
        try Images.write(["outside/b/1.png", "outside/single.png"], to: scratch)
        try FileManager.default.createSymbolicLink(
            atPath: scratch("source/train/a/s.png"), withDestinationPath: scratch("outside/single.png"))
        #expect(try pack(scratch).skipped.contains { $0.file.hasSuffix("a/s.png") && $0.reason.contains("outside/single.png") })
        try FileManager.default.removeItem(atPath: scratch("packed"))
        try FileManager.default.createSymbolicLink(atPath: scratch("source/train/b"), withDestinationPath: "../../outside/b")
        let text = try refusal(scratch)
        #expect(text.contains("train/b") && text.contains("outside/b") && text.contains("--follow-links"))
        let report = try pack(scratch, followsLinks: true)
        #expect(report.classCounts.train == [3, 1] && report.leftOut.isEmpty)
    }
}
