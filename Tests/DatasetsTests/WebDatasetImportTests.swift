import Datasets
import Fixtures
import TestSupport
import Testing

@Suite struct WebDatasetImportTests {
    private func pack(_ scratch: Scratch) throws -> ImportReport {
        try Samples.pack(.imagefolder, scratch("source"), scratch("packed"))
    }

    private func sample(_ key: String, _ number: Int, _ label: String) -> [(name: String, content: [UInt8])] {
        [("\(key).cls", Array(label.utf8)), ("\(key).png", Images.png(number)), ("\(key).txt", Array("a caption".utf8))]
    }

    @Test func archivesOfTwoSplitsArePackedInOrder() throws {
        let scratch = try Scratch()
        for shard in 0..<2 {
            let members = (0..<3).flatMap { sample("n/\($0)", 10 * shard + $0, "\($0 % 2)") }
            try scratch.write(TarMaker.tar(members), to: "source/train-00000\(shard).tar")
        }
        // The class may follow the image, in JSON.
        let members: [(name: String, content: [UInt8])] = [
            ("a.png", Images.png(50)), ("a.json", Array("{\"caption\": \"x\", \"label\": 1}".utf8)), ("b.png", Images.png(51)),
            ("c.json", Array("{\"label\": 0}".utf8)), ("d.png", Images.png(52)), ("d.cls", Array("7".utf8)),
        ]
        try scratch.write(TarMaker.tar(members), to: "source/val-000000.tar")
        try scratch.write("cat\ndog\nbird\n", to: "source/classnames.txt")
        let report = try pack(scratch)
        #expect(report.manifest.classes == ["cat", "dog", "bird"])
        #expect(report.classCounts.train == [4, 2, 0] && report.classCounts.validation == [0, 1, 0])
        #expect(report.leftOut == [.unlabelled: 1, .unsupported: 1, .untrained: 1])
        let dataset = try Dataset(path: scratch("packed"))
        #expect((0..<6).map { dataset.label(.train, $0) } == [0, 1, 0, 0, 1, 0])
    }

    @Test func withoutASplitSamplesOfEachClassAreHeldOut() throws {
        let scratch = try Scratch()
        for shard in 0..<3 {
            // Keys begin anew in each archive.
            let members = (0..<20).flatMap { sample("\($0)", 100 * shard + $0, "\($0 % 2 + 1)") }
            try scratch.write(TarMaker.tar(members), to: "source/\(shard).tar")
        }
        let report = try pack(scratch)
        // Labels stay numbers: there is a class 0, which is empty.
        #expect(report.manifest.classes == ["0", "1", "2"] && report.classCounts.empty(.train) == [0])
        #expect(report.manifest.counts.train + report.manifest.counts.validation == 60 && report.skippedCount == 0)
        #expect(report.classCounts.validation[1] > 0 && report.classCounts.validation[2] > 0)
        let dataset = try Dataset(path: scratch("packed"))
        let images = try Split.allCases.flatMap { split in try (0..<dataset.count(split)).map { try Samples.pixels(dataset, split, $0) } }
        #expect(Set(images).count == 60)
    }

    @Test func classesMayHaveNames() throws {
        let scratch = try Scratch()
        try scratch.write(TarMaker.tar(sample("0", 1, "dog") + sample("1", 2, "cat\n")), to: "source/train/0.tar")
        try scratch.write(TarMaker.tar(sample("0", 3, "cat")), to: "source/test/0.tar")
        let report = try pack(scratch)
        #expect(report.manifest.classes == ["cat", "dog"] && report.classCounts.validation == [1, 0])
    }

    @Test func aDamagedArchiveLosesOnlySamplesAfterTheDamage() throws {
        let scratch = try Scratch()
        let good = TarMaker.tar(sample("0", 1, "0") + sample("1", 2, "1"))
        let broken =
            TarMaker.member("0.cls", Array("0".utf8)) + TarMaker.member("0.png", Images.png(3))
            + TarMaker.member("1.cls", Array("1".utf8)) + TarMaker.member("1.png", Images.png(4), claimed: 1 << 30)
        try scratch.write(good, to: "source/train-0.tar")
        try scratch.write(broken, to: "source/train-1.tar")
        try scratch.write(good, to: "source/val-0.tar")
        let report = try pack(scratch)
        #expect(report.manifest.counts.train == 3)
        #expect(report.skipped.count == 1 && report.skipped[0].reason.contains("the rest of this archive is left out"))
    }

    @Test func archivesThatAreNoWebDatasetAreRefused() throws {
        let scratch = try Scratch()
        try scratch.write(TarMaker.tar([("cat/1.png", Images.png(1)), ("dog/1.png", Images.png(2))]), to: "source/images.tar")
        let error = #expect(throws: DatasetError.self) { try pack(scratch) }
        #expect(error?.description.contains("NAME.cls") == true && error?.description.contains("unpacked first") == true)
        #expect(try scratch.names() == ["source"])
    }
}
