import Datasets
import Fixtures
import Foundation
import TestSupport
import Testing

@Suite struct ILSVRCImportTests {
    private func plain(_ color: [UInt8], side: Int) -> [UInt8] { (0..<side * side).flatMap { _ in color } }

    private func jpeg(_ color: [UInt8], side: Int = 40) -> [UInt8] {
        ImageMaker.jpeg(plain(color, side: side), width: side, height: side)
    }

    /// The devkit's table: n02119789 is 1, n01440764 is 2.
    private func addDevkit(_ scratch: Scratch, truth: [Int]) throws {
        let meta = try #require(Bundle.module.path(forResource: "Golden/meta", ofType: "mat"))
        try scratch.write(Data(contentsOf: URL(fileURLWithPath: meta)), to: "source/ILSVRC2012_devkit_t12/data/meta.mat")
        let text = truth.map { "\($0)\n" }.joined()
        try scratch.write(
            Array(text.utf8), to: "source/ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt")
    }

    private func mean(_ pixels: [UInt8]) -> [Int] {
        let area = pixels.count / 3
        return (0..<3).map { channel in pixels[channel * area..<(channel + 1) * area].reduce(0) { $0 + Int($1) } / area }
    }

    /// Archives are read in place: the names of their members identify images and are never used as paths.
    @Test func namesInArchivesAreNotUsedAsPaths() throws {
        let scratch = try Scratch()
        let good = jpeg([200, 40, 10])
        let names = ["../../../escaped.JPEG", scratch("absolute.JPEG"), "a/../../b.JPEG", "..", "/"]
        let images =
            names.flatMap { TarMaker.member($0, good) } + TarMaker.member("l.JPEG", Array("/etc/passwd".utf8), type: "2")
            + TarMaker.member("h.JPEG", Array("/etc/passwd".utf8), type: "1") + [UInt8](repeating: 0, count: 1024)
        try scratch.write(
            TarMaker.tar([("../../n01440764.tar", images), ("/n02119789.tar", TarMaker.tar([("x.JPEG", good)]))]),
            to: "deep/er/source/ILSVRC2012_img_train.tar")
        try scratch.write(TarMaker.tar([("../ILSVRC2012_val_00000001.JPEG", good)]), to: "deep/er/source/ILSVRC2012_img_val.tar")
        try addDevkit(scratch, truth: [1])
        try FileManager.default.moveItem(
            atPath: scratch("source/ILSVRC2012_devkit_t12"), toPath: scratch("deep/er/source/ILSVRC2012_devkit_t12"))
        try FileManager.default.removeItem(atPath: scratch("source"))
        let report = try Samples.pack(.ilsvrc, scratch("deep/er/source"), scratch("deep/er/packed"))
        #expect(report.manifest.counts.train == names.count + 1 && report.skipped.count == 2)
        #expect(try scratch.names() == ["deep"] && scratch.names("deep") == ["er"])
        #expect(try scratch.names("deep/er") == ["packed", "source"])
    }

    @Test func anArchiveOfArchivesIsPackedWithEveryOddImage() throws {
        let scratch = try Scratch()
        var noise = Noise(3)
        let good = jpeg([200, 40, 10])
        let long = String(repeating: "long", count: 30) + ".JPEG"
        let tench =
            TarMaker.member("n01440764_1.JPEG", good)
            + TarMaker.member("n01440764_2.JPEG", ImageMaker.jpeg(plain([90], side: 30), width: 30, height: 30, .gray))
            + TarMaker.member(
                "n01440764_3.JPEG", ImageMaker.jpeg(plain([255, 128, 255, 255], side: 30), width: 30, height: 30, .cmyk))
            + TarMaker.member("n01440764_4.JPEG", ImageMaker.png(plain([7, 8, 9], side: 20), width: 20, height: 20))
            + TarMaker.member("n01440764_5.JPEG", Array(ImageMaker.jpeg(noise.bytes(4800), width: 40, height: 40).dropLast(90)))
            + TarMaker.member("n01440764_6.JPEG", ImageMaker.png([0, 0, 0], width: 9000, height: 9000))
            + TarMaker.member("n01440764_7.JPEG", [])
            + TarMaker.member("n01440764_8.JPEG", Array("../../etc/passwd".utf8), type: "2")
            + TarMaker.member(long, good)
            + TarMaker.pax(path: "renamed.JPEG") + TarMaker.member("x", good)
            + [UInt8](repeating: 0, count: 1024)
        let fox = TarMaker.tar([("n02119789_1.JPEG", jpeg([10, 20, 200]))])
        // The members of the outer archive are not in the order of their names.
        try scratch.write(
            TarMaker.tar([("n02119789.tar", fox), ("n01440764.tar", tench), ("readme.txt", [1])]),
            to: "source/ILSVRC2012_img_train.tar")
        let validation = [(2, [10, 200, 10]), (1, [200, 10, 10]), (3, [9, 9, 9])].map { number, color in
            ("ILSVRC2012_val_0000000\(number).JPEG", jpeg(color.map { UInt8($0) }))
        }
        try scratch.write(TarMaker.tar(validation), to: "source/ILSVRC2012_img_val.tar")
        try addDevkit(scratch, truth: [1, 2, 1001])

        let report = try Samples.pack(.ilsvrc, scratch("source"), scratch("packed"))
        #expect(report.manifest.classes == ["n01440764", "n02119789"])
        #expect(report.manifest.labels == ["tench, Tinca tinca", "kit fox, Vulpes macrotis"])
        #expect(report.manifest.counts == SplitCounts(train: 7, validation: 2))
        #expect(report.manifest.height == 256)
        #expect(
            report.skipped.map { $0.file.split(separator: "/").last.map(String.init) } == [
                "n01440764_5.JPEG", "n01440764_6.JPEG", "n01440764_7.JPEG", "n01440764_8.JPEG", "ILSVRC2012_val_00000003.JPEG",
            ])
        #expect(report.skippedCount == 5 && report.skipped[1].reason.contains("9000×9000"))
        let listed = String(decoding: try scratch.read("packed/skipped.tsv"), as: UTF8.self)
        #expect(listed.split(separator: "\n").count == 5 && listed.contains("n01440764_5.JPEG\tdamaged JPEG"))
        let dataset = try Dataset(path: scratch("packed"))
        #expect((0..<7).map { dataset.label(.train, $0) } == [0, 0, 0, 0, 0, 0, 1])
        for (index, color) in [[200, 40, 10], [90, 90, 90], [255, 128, 255], [7, 8, 9], [200, 40, 10]].enumerated() {
            for (found, expected) in zip(mean(try Samples.pixels(dataset, .train, index)), color) {
                // JPEG and the rescaling filter may each change a value by a level or two.
                #expect(abs(found - expected) <= 4)
            }
        }
        // Images stay in the order of the archive. The number in the name selects the class.
        #expect((0..<2).map { dataset.label(.validation, $0) } == [0, 1])
        #expect(mean(try Samples.pixels(dataset, .validation, 0))[1] > 190)
        #expect(try scratch.names("packed").contains("journal.json") == false)
        #expect(try dataset.verify() == 9)
    }

    @Test func everyLayoutGivesTheSameData() throws {
        let scratch = try Scratch()
        var noise = Noise(4)
        let images = ["n01440764", "n02119789"].map { synset in
            (synset, (1...3).map { ("\(synset)_\($0).JPEG", ImageMaker.jpeg(noise.bytes(3 * 900), width: 30, height: 30)) })
        }
        let validation = (1...3).map { ("ILSVRC2012_val_0000000\($0).JPEG", ImageMaker.jpeg(noise.bytes(2700), width: 30, height: 30)) }
        let archives = images.map { ($0.0 + ".tar", TarMaker.tar($0.1)) }
        try scratch.write(TarMaker.tar(archives), to: "a/ILSVRC2012_img_train.tar")
        for (name, bytes) in archives { try scratch.write(bytes, to: "b/ILSVRC2010_images_train/\(name)") }
        for (synset, files) in images {
            for (name, bytes) in files { try scratch.write(bytes, to: "c/ILSVRC/Data/CLS-LOC/train/\(synset)/\(name)") }
        }
        try scratch.write(TarMaker.tar(validation), to: "a/ILSVRC2012_img_val.tar")
        for (name, bytes) in validation {
            try scratch.write(bytes, to: "b/val/\(name)")
            try scratch.write(bytes, to: "c/ILSVRC/Data/CLS-LOC/val/\(name)")
        }
        // Three formats that state the same: images 1 and 3 are foxes, 2 is a tench.
        try scratch.write(Array("1\n2\n1\n".utf8), to: "a/ILSVRC2012_validation_ground_truth.txt")
        try scratch.write(Array("n02119789 1 kit_fox\nn01440764 2 tench\n".utf8), to: "a/map_clsloc.txt")
        let csv =
            "ImageId,PredictionString\n"
            + [1, 2, 3].map {
                "ILSVRC2012_val_0000000\($0),\($0 == 2 ? "n01440764" : "n02119789") 1 2 3 4\n"
            }.joined()
        try scratch.write(Array(csv.utf8), to: "c/LOC_val_solution.csv")
        let list = [1, 2, 3].map { "ILSVRC2012_val_0000000\($0).JPEG \($0 == 2 ? 0 : 1)\n" }.joined()
        try scratch.write(Array(list.utf8), to: "b/val.txt")
        let prints = try ["a", "b", "c"].map {
            try Samples.pack(.ilsvrc, scratch($0), scratch("packed-\($0)")).manifest.fingerprint
        }
        #expect(Set(prints).count == 1)
    }

    @Test func aDamagedArchiveLosesOnlyMembersAfterTheDamage() throws {
        let scratch = try Scratch()
        let good = jpeg([1, 2, 3], side: 16)
        let broken =
            TarMaker.member("n01440764_1.JPEG", good) + TarMaker.member("n01440764_2.JPEG", good, claimed: 1 << 32)
            + TarMaker.member("n01440764_3.JPEG", good)
        var scribbled = TarMaker.member("n02119789_1.JPEG", good) + TarMaker.member("n02119789_2.JPEG", good)
        scribbled[scribbled.count - 1024 - 300] ^= 1
        try scratch.write(
            TarMaker.tar([("n01440764.tar", broken), ("n02119789.tar", scribbled), ("n03000684.tar", TarMaker.tar([("a.JPEG", good)]))]),
            to: "source/train.tar")
        try scratch.write(good, to: "source/val/n01440764/1.JPEG")
        let report = try Samples.pack(.ilsvrc, scratch("source"), scratch("packed"), size: 16)
        #expect(report.manifest.counts.train == 3)
        #expect(report.skipped.count == 2 && report.skipped.allSatisfy { $0.reason.contains("the rest of this archive is left out") })
        #expect(report.skipped[0].reason.contains("4294967296 bytes"))
    }

    @Test func damageAnywhereNeverCrashes() throws {
        let scratch = try Scratch()
        let good = jpeg([1, 2, 3], side: 16)
        let whole = TarMaker.tar([("n01440764.tar", TarMaker.tar([("a.JPEG", good)]) + TarMaker.pax(path: "b"))])
        try scratch.write(good, to: "source/val/n01440764/1.JPEG")
        var noise = Noise(8)
        for round in 0..<150 {
            var bytes = whole
            for _ in 0...round % 4 {
                let place = (Int(noise.byte()) << 8 | Int(noise.byte())) % (round % 2 == 0 ? 1100 : bytes.count)
                bytes[place] = noise.byte()
            }
            if round % 10 == 0 { bytes = Array(bytes.prefix(Int(noise.byte()) * 8)) }
            try scratch.write(bytes, to: "source/train.tar")
            do {
                let report = try Samples.pack(.ilsvrc, scratch("source"), scratch("packed"), size: 16)
                #expect(report.manifest.counts.train <= 1)
                try FileManager.default.removeItem(atPath: scratch("packed"))
            } catch let error as DatasetError {
                #expect(!error.description.isEmpty)
            }
        }
        #expect(try scratch.names() == ["source"])
    }

    @Test func missingPartsAreNamed() throws {
        let scratch = try Scratch()
        func refusal() throws -> String {
            let error = #expect(throws: DatasetError.self) { try Samples.pack(.ilsvrc, scratch("source"), scratch("packed")) }
            #expect(try scratch.names() == ["source"])
            return error?.description ?? ""
        }
        let good = jpeg([1, 2, 3], side: 16)
        try scratch.write([1], to: "source/note")
        #expect(try refusal().contains("ILSVRC2012_img_train.tar"))
        try scratch.write(TarMaker.tar([("n01440764.tar", TarMaker.tar([("a.JPEG", good)]))]), to: "source/train.tar")
        #expect(try refusal().contains("ILSVRC2012_img_val.tar"))
        try scratch.write(good, to: "source/val/ILSVRC2012_val_00000001.JPEG")
        #expect(try refusal().contains("ground_truth"))
        try scratch.write(Array("2\n".utf8), to: "source/ILSVRC2012_validation_ground_truth.txt")
        #expect(try refusal().contains("meta.mat"))
        try scratch.write([1, 2, 3], to: "source/meta.mat")
        #expect(try refusal().contains("meta.mat"))
        try FileManager.default.removeItem(atPath: scratch("source/meta.mat"))
        try addDevkit(scratch, truth: [2])
        #expect(try Samples.pack(.ilsvrc, scratch("source"), scratch("packed")).manifest.counts.validation == 1)
    }

    @Test func imagesStoredAsJPEGAreNearlyThePixels() throws {
        let scratch = try Scratch()
        let side = 64
        for number in 0..<4 {
            let pixels = (0..<side * side).flatMap { place -> [UInt8] in
                let (x, y) = (place % side, place / side)
                return [UInt8(2 * x + number * 9), UInt8(3 * y), UInt8(x + y)]
            }
            try scratch.write(ImageMaker.png(pixels, width: side, height: side), to: "source/train/a/\(number).png")
            if number == 0 { try scratch.write(ImageMaker.png(pixels, width: side, height: side), to: "source/val/a/0.png") }
        }
        let raw = try Samples.pack(.imagefolder, scratch("source"), scratch("raw"))
        let jpeg = try Samples.pack(.imagefolder, scratch("source"), scratch("jpeg"), packing: .jpeg)
        #expect(raw.manifest.fingerprint != jpeg.manifest.fingerprint && jpeg.manifest.packing == .jpeg)
        #expect(raw.manifest.colors == jpeg.manifest.colors)
        let (pixels, packed) = (try Dataset(path: scratch("raw")), try Dataset(path: scratch("jpeg")))
        #expect(pixels.mean == packed.mean)
        #expect(try scratch.read("jpeg/train.records").count * 4 < scratch.read("raw/train.records").count)
        for number in 0..<4 {
            let pairs = zip(try Samples.pixels(pixels, .train, number), try Samples.pixels(packed, .train, number))
            let error = pairs.reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
            #expect(Double(error) / Double(3 * side * side) < 3)
        }
        #expect(try packed.verify() == 5)
        // A record that cannot be decoded is an error that names it, in training too.
        try scratch.damage("jpeg/train.records", at: 2)
        let damaged = try Dataset(path: scratch("jpeg"))
        let preparer = try BatchPreparer(dataset: damaged, settings: Samples.settings(height: side, width: side))
        let loader = try BatchLoader(preparer: preparer, batch: 2, imageFloats: preparer.imageFloats)
        let error = #expect(throws: DatasetError.self) {
            _ = try loader.next(BatchRequest(split: .train, position: 0, count: 2))
        }
        #expect(error?.description.contains("record 0 of train") == true)
    }

    /// Photographs of ImageNet, if they are available.
    @Test(.enabled(if: TestData.photographs != nil, "photos10.tar is not there; name its folder in COLONNADE_TEST_DATA"))
    func photographsInAnArchiveOfArchives() throws {
        let scratch = try Scratch()
        let photographs = try #require(TestData.photographs)
        try Program.run(["/bin/tar", "xf", photographs, "-C", scratch.path])
        let synsets = try scratch.names("photos10/train")
        var archives: [(String, [UInt8])] = []
        // Adds unusual and damaged files to the photographs of the first synset.
        var noise = Noise(6)
        let photograph = try scratch.read("photos10/train/\(synsets[0])/\(try scratch.names("photos10/train/\(synsets[0])")[0])")
        let odd = [
            ("0_cut.JPEG", Array(photograph.dropLast(photograph.count / 2))), ("0_noise.JPEG", noise.bytes(5000)),
            ("0_huge.JPEG", ImageMaker.png([0, 0, 0], width: 60_000, height: 60_000)),
            ("0_grey.JPEG", ImageMaker.jpeg(plain([90], side: 300), width: 300, height: 300, .gray)),
            ("0_inks.JPEG", ImageMaker.jpeg(plain([255, 128, 255, 255], side: 300), width: 300, height: 300, .cmyk)),
            ("0_png.JPEG", ImageMaker.png(plain([7, 8, 9], side: 300), width: 300, height: 300)),
            ("0_progressive.JPEG", ImageMaker.jpeg(plain([7, 8, 9], side: 300), width: 300, height: 300, isProgressive: true)),
        ]
        for synset in synsets {
            let files = try scratch.names("photos10/train/\(synset)").prefix(40)
            let further = synset == synsets[0] ? odd : []
            archives.append(
                (
                    "\(synset).tar", TarMaker.tar(try further + files.map { ($0, try scratch.read("photos10/train/\(synset)/\($0)")) })
                ))
        }
        try scratch.write(TarMaker.tar(archives), to: "source/ILSVRC2012_img_train.tar")
        try FileManager.default.moveItem(atPath: scratch("photos10/val"), toPath: scratch("source/val"))
        let report = try Samples.pack(.ilsvrc, scratch("source"), scratch("packed"), packing: .jpeg)
        #expect(report.manifest.classes == synsets)
        #expect(report.skipped.map { $0.file.split(separator: "/").last } == ["0_cut.JPEG", "0_noise.JPEG", "0_huge.JPEG"])
        #expect(report.manifest.counts == SplitCounts(train: 40 * synsets.count + 4, validation: 1000))
        // 1.2 million images should take about 25 GB.
        let size = try scratch.read("packed/train.records").count / report.manifest.counts.train
        #expect((15_000...25_000).contains(size), "\(size) bytes per image")
    }
}

/// Data that is not part of the repository.
enum TestData {
    static var photographs: String? {
        let folder =
            ProcessInfo.processInfo.environment["COLONNADE_TEST_DATA"]
            ?? Repository.path("../shared/data")
        let path = folder + "/photos10.tar"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}
