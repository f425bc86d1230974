import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct MNISTImportTests {
    /// Writes four IDX files, the training ones gzipped; returns the training pixels.
    private func write(_ scratch: Scratch, labels: [UInt8] = [3, 0, 9, 3, 1], gzipped: Bool = true) throws -> [UInt8] {
        var noise = Noise(3)
        let pixels = noise.bytes(labels.count * 6 * 4)
        try FileManager.default.createDirectory(atPath: scratch("source"), withIntermediateDirectories: true)
        for (name, bytes) in [
            ("train-images-idx3-ubyte", Samples.idx([labels.count, 6, 4], pixels)),
            ("train-labels-idx1-ubyte", Samples.idx([labels.count], labels)),
        ] {
            if gzipped {
                #expect(Samples.gzip(bytes, to: scratch("source/\(name).gz")))
            } else {
                try scratch.write(bytes, to: "source/\(name)")
            }
        }
        try scratch.write(Samples.idx([2, 6, 4], noise.bytes(48)), to: "source/t10k-images-idx3-ubyte")
        try scratch.write(Samples.idx([2], [7, 8]), to: "source/t10k-labels-idx1-ubyte")
        return pixels
    }

    private func pack(_ scratch: Scratch) throws -> ImportReport {
        try Samples.pack(.mnist, scratch("source"), scratch("packed"))
    }

    @Test(arguments: [true, false]) func imagesComeBackFromGzippedAndPlainFiles(gzipped: Bool) throws {
        let scratch = try Scratch()
        let pixels = try write(scratch, gzipped: gzipped)
        let manifest = try pack(scratch).manifest
        #expect((manifest.channels, manifest.height, manifest.width) == (1, 6, 4))
        #expect(manifest.classes == (0..<10).map(String.init))
        #expect(manifest.colors == nil)
        let dataset = try Dataset(path: scratch("packed"))
        #expect((0..<5).map { dataset.label(.train, $0) } == [3, 0, 9, 3, 1])
        #expect(try (0..<5).flatMap { try Samples.pixels(dataset, .train, $0) } == pixels)
        #expect((0..<2).map { dataset.label(.validation, $0) } == [7, 8])
    }

    @Test func aFileThatEndsEarlyIsNamed() throws {
        let scratch = try Scratch()
        _ = try write(scratch)
        let path = "source/train-images-idx3-ubyte.gz"
        try scratch.write(Array(scratch.read(path).dropLast(20)), to: path)
        let error = #expect(throws: DatasetError.self) { try pack(scratch) }
        #expect(error?.description.contains("train-images-idx3-ubyte.gz") == true)
        #expect(try scratch.names() == ["source"])
    }

    @Test func aHeaderThatClaimsTooMuchIsRejected() throws {
        let scratch = try Scratch()
        _ = try write(scratch)
        for extents in [[1 << 30, 6, 4], [2, 1 << 20, 4], [3, 6, 4], [0, 6, 4]] {
            let pixels = [UInt8](repeating: 0, count: 48)
            try scratch.write(Samples.idx(extents, pixels), to: "source/t10k-images-idx3-ubyte")
            let error = #expect(throws: DatasetError.self) { try pack(scratch) }
            #expect(error?.description.contains("t10k-") == true)
        }
        #expect(try scratch.names() == ["source"])
    }

    @Test func aLabelBeyondTheClassesIsRejected() throws {
        let scratch = try Scratch()
        _ = try write(scratch, labels: [1, 2, 10])
        let error = #expect(throws: DatasetError.self) { try pack(scratch) }
        #expect(error?.description.contains("label 2 is 10") == true)
    }

    private static let fashion = "/usr/share/datasets/fashion-mnist"

    @Test(
        .enabled("Debian's dataset-fashion-mnist is not installed") {
            FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist")
        })
    func fashionMNISTHasItsPublishedProperties() throws {
        let scratch = try Scratch()
        let report = try Samples.pack(.mnist, Self.fashion, scratch("packed"))
        let dataset = try Dataset(path: scratch("packed"))
        #expect(report.manifest.classes[9] == "Ankle boot")
        #expect((dataset.count(.train), dataset.count(.validation)) == (60_000, 10_000))
        // The first training labels, and 6,000 images of each class, as published by its authors.
        #expect((0..<5).map { dataset.label(.train, $0) } == [9, 0, 0, 3, 0])
        var counts = [Int](repeating: 0, count: 10)
        for index in 0..<60_000 { counts[dataset.label(.train, index)] += 1 }
        #expect(counts == [Int](repeating: 6000, count: 10))
        // The published mean of the pixels is 0.2860 of full scale.
        let mean = dataset.mean.reduce(0.0) { $0 + Double($1) } / Double(dataset.mean.count)
        #expect(abs(mean / 255 - 0.2860) < 0.0001)
        #expect(try dataset.verify() == 70_000)
    }
}
