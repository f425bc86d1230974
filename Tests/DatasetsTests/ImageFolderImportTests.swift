import Datasets
import Fixtures
import Foundation
import TestSupport
import Testing

@Suite struct ImageFolderImportTests {
    private func pack(_ scratch: Scratch, size: Int? = nil, to name: String = "packed") throws -> ImportReport {
        try Samples.pack(.imagefolder, scratch("source"), scratch(name), size: size)
    }

    /// Returns the interleaved pixels of an image of one colour.
    private func plain(_ color: [UInt8], _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in color } }

    /// Converts interleaved RGB pixels to planes.
    private func planar(_ pixels: [UInt8]) -> [UInt8] {
        (0..<3).flatMap { channel in stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] } }
    }

    @Test func imagesOfManyKindsArePackedInOrderAndDamagedOnesListed() throws {
        let scratch = try Scratch()
        var noise = Noise(5)
        let sharp = noise.bytes(3 * 8 * 8)
        // A PNG file with the extension of JPEG.
        try scratch.write(ImageMaker.png(sharp, width: 8, height: 8), to: "source/train/ant/a.JPEG")
        let red = ImageMaker.jpeg(plain([200, 40, 10], 64), width: 8, height: 8)
        try scratch.write(red, to: "source/train/ant/b.png")
        try scratch.write([], to: "source/train/ant/c-empty.jpg")
        let noisy = ImageMaker.jpeg(noise.bytes(3 * 8 * 8), width: 8, height: 8)
        try scratch.write(noisy.dropLast(60), to: "source/train/ant/d-cut.jpg")
        try scratch.write(Array("hello".utf8), to: "source/train/ant/e-text.jpg")
        let gray = ImageMaker.jpeg(plain([90], 64), width: 8, height: 8, .gray)
        try scratch.write(gray, to: "source/train/bee/a.jpg")
        // In inverted inks: no cyan, half magenta, no yellow, no black.
        let inks = ImageMaker.jpeg(plain([255, 128, 255, 255], 64), width: 8, height: 8, .cmyk)
        try scratch.write(inks, to: "source/train/bee/b.jpg")
        try scratch.write(red, to: "source/train/bee/.hidden.jpg")
        try FileManager.default.createSymbolicLink(
            atPath: scratch("source/train/bee/z-link.jpg"), withDestinationPath: scratch("source/train/bee/a.jpg"))
        try scratch.write(red, to: "source/val/bee/a.jpg")

        let report = try pack(scratch)
        #expect(report.manifest.classes == ["ant", "bee"])
        // All readable images are squares of side 8, so they keep it.
        try #require((report.manifest.height, report.manifest.width) == (8, 8))
        try #require(
            report.skipped.map { ($0.file as NSString).lastPathComponent }
                == ["c-empty.jpg", "d-cut.jpg", "e-text.jpg", ".hidden.jpg"])
        #expect(report.skipped[0].reason == "empty file")
        #expect(report.skipped[1].reason.contains("remature end"))

        let dataset = try Dataset(path: scratch("packed"))
        // The link leads to another image of the source.
        #expect((0..<dataset.count(.train)).map { dataset.label(.train, $0) } == [0, 0, 1, 1, 1])
        #expect(try Samples.pixels(dataset, .train, 4) == Samples.pixels(dataset, .train, 2))
        #expect(report.leftOut == [.damaged: 2, .unsupported: 1, .system: 1])
        #expect(try Samples.pixels(dataset, .train, 0) == planar(sharp))
        for (index, color) in [(1, [200, 40, 10]), (2, [90, 90, 90]), (3, [255, 128, 255])] {
            let pixels = try Samples.pixels(dataset, .train, index)
            for (place, expected) in color.enumerated() {
                #expect((0..<64).allSatisfy { abs(Int(pixels[64 * place + $0]) - expected) <= 2 })
            }
        }
        #expect(dataset.label(.validation, 0) == 1)
    }

    @Test func anImageIsRescaledToItsShorterSideAndItsCentreCutOut() throws {
        let scratch = try Scratch()
        // 32 wide, 8 high: columns 0..<12 red, 12..<20 green, 20..<32 blue. The central square is the green part.
        let pixels = (0..<8 * 32).flatMap { place -> [UInt8] in
            switch place % 32 {
            case ..<12: [255, 0, 0]
            case ..<20: [0, 255, 0]
            default: [0, 0, 255]
            }
        }
        let file = ImageMaker.png(pixels, width: 32, height: 8)
        try scratch.write(file, to: "source/train/a/wide.png")
        try scratch.write(file, to: "source/validation/a/wide.png")
        for size in [8, 4, 16] {
            _ = try pack(scratch, size: size, to: "packed\(size)")
            let dataset = try Dataset(path: scratch("packed\(size)"))
            #expect((dataset.manifest.height, dataset.manifest.width) == (size, size))
            let green = try Samples.pixels(dataset, .train, 0)
            for row in 0..<size {
                // The filter mixes neighbouring pixels at the edges of the cut.
                for column in size / 4..<size - size / 4 {
                    #expect(green[size * size + row * size + column] >= 240, "size \(size) at \(row), \(column)")
                    #expect(green[row * size + column] <= 15)
                    #expect(green[2 * size * size + row * size + column] <= 15)
                }
            }
        }
    }

    @Test(arguments: [(100, 100), (224, 256), (300, 256)]) func onlySmallSquaresKeepTheirSideByDefault(side: Int, stored: Int) throws {
        let scratch = try Scratch()
        let file = ImageMaker.jpeg(plain([1, 2, 3], side * side), width: side, height: side)
        try scratch.write(file, to: "source/train/a/1.jpg")
        try scratch.write(file, to: "source/val/a/1.jpg")
        #expect(try pack(scratch).manifest.height == stored)
    }

    @Test func orderAndContentDoNotDependOnTheThreads() throws {
        let scratch = try Scratch()
        var noise = Noise(9)
        for number in 100..<300 {
            // Different sizes take different times to decode.
            let side = 8 + number % 3 * 40
            let file = ImageMaker.jpeg(noise.bytes(3 * side * side), width: side, height: side)
            try scratch.write(file, to: "source/train/\(number % 2 == 0 ? "even" : "odd")/\(number).jpg")
            if number < 110 { try scratch.write(file, to: "source/val/odd/\(number).jpg") }
        }
        let first = try pack(scratch, size: 16, to: "one")
        let second = try pack(scratch, size: 16, to: "two")
        #expect(first.manifest == second.manifest)
        #expect(first.manifest.counts == SplitCounts(train: 200, validation: 10))
        let isEqual = try scratch.read("one/train.records") == scratch.read("two/train.records")
        #expect(isEqual)
    }

    @Test func anImageThatClaimsTooManyPixelsIsSkippedUnread() throws {
        let scratch = try Scratch()
        let good = ImageMaker.png(plain([9, 9, 9], 16), width: 4, height: 4)
        try scratch.write(good, to: "source/train/a/good.png")
        try scratch.write(ImageMaker.png([0, 0, 0], width: 9000, height: 9000), to: "source/train/a/huge.png")
        try scratch.write(good, to: "source/val/a/good.png")
        let report = try pack(scratch)
        #expect(report.skipped.count == 1)
        #expect(report.skipped.first?.reason.contains("9000×9000") == true)
    }

    @Test func unusableSourcesAreRejectedWithASentence() throws {
        let scratch = try Scratch()
        let good = ImageMaker.png(plain([9, 9, 9], 16), width: 4, height: 4)
        func refusal() throws -> String {
            let error = #expect(throws: DatasetError.self) { try pack(scratch) }
            #expect(try scratch.names() == ["source"])
            return error?.description ?? ""
        }
        try scratch.write(good, to: "source/val/b/1.png")
        #expect(try refusal().contains("no images are recognized"))
        try scratch.write(good, to: "source/train/a/1.png")
        #expect(try refusal().contains("nothing tells the classes of the images in val"))
        try scratch.write([1, 2, 3], to: "source/val/a/1.png")
        #expect(try refusal().contains("no usable image"))
    }

    @Test func oneImageIsReadAsImportsStoreIt() throws {
        let scratch = try Scratch()
        var noise = Noise(13)
        let file = ImageMaker.jpeg(noise.bytes(3 * 50 * 40), width: 50, height: 40)
        try scratch.write(file, to: "source/train/a/1.jpg")
        try scratch.write(file, to: "source/val/a/1.jpg")
        _ = try pack(scratch, size: 24)
        let dataset = try Dataset(path: scratch("packed"))
        let stored = try Samples.pixels(dataset, .validation, 0)
        #expect(try ImageReader.square(path: scratch("source/val/a/1.jpg"), size: 24) == stored)
        let error = #expect(throws: DatasetError.self) { try ImageReader.square(path: scratch("none.jpg"), size: 24) }
        #expect(error?.description.contains("none.jpg") == true)
    }
}
