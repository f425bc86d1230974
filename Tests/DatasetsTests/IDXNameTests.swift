import Datasets
import Foundation
import Platform
import TestSupport
import Testing

/// Names and labels of IDX files as MNIST, KMNIST and EMNIST have them.
@Suite struct IDXNameTests {
    /// Writes the four files of a set, of 2×2 pixels.
    private func write(
        _ scratch: Scratch, _ names: [String], train: [UInt8], test: [UInt8], gzipped: Bool = false
    ) throws {
        try FileManager.default.createDirectory(atPath: scratch("source"), withIntermediateDirectories: true)
        let contents = [train, test].flatMap { labels in
            [
                Samples.idx([labels.count, 2, 2], labels.flatMap { [$0, 1, 2, 3] }), Samples.idx([labels.count], labels),
            ]
        }
        for (name, bytes) in zip(names, contents) {
            if gzipped {
                #expect(Samples.gzip(bytes, to: scratch("source/\(name).gz")))
            } else {
                try scratch.write(bytes, to: "source/\(name)")
            }
        }
    }

    private func pack(_ scratch: Scratch, _ source: String = "source") throws -> ImportReport {
        try Samples.pack(.mnist, scratch(source), scratch("packed"))
    }

    @Test(
        arguments: [
            ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
            ["train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"],
            ["Train-Images-IDX3-ubyte", "train-labels.idx1-ubyte", "test-images-idx3-ubyte", "test-labels-idx1-ubyte"],
        ], [true, false])
    func everySpellingIsRead(names: [String], gzipped: Bool) throws {
        let scratch = try Scratch()
        // A name in capitals has its ending so, too.
        guard !gzipped || names[0] == names[0].lowercased() else { return }
        try write(scratch, names, train: [3, 0, 9], test: [1], gzipped: gzipped)
        let report = try pack(scratch)
        #expect(report.manifest.classes.count == 10 && report.manifest.counts == SplitCounts(train: 3, validation: 1))
    }

    @Test func letterOneIsA() throws {
        let scratch = try Scratch()
        let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-idx3-ubyte", "test-labels-idx1-ubyte"]
        try write(scratch, names.map { "emnist-letters-\($0)" }, train: [1, 26, 2], test: [26], gzipped: true)
        let manifest = try pack(scratch).manifest
        #expect(manifest.classes.count == 26 && manifest.classes.first == "A" && manifest.classes.last == "Z")
        let dataset = try Dataset(path: scratch("packed"))
        #expect((0..<3).map { dataset.label(.train, $0) } == [0, 25, 1])
        // The pixels stay as the files have them, which is transposed.
        #expect(try Samples.pixels(dataset, .train, 0) == [1, 1, 2, 3])
    }

    @Test(arguments: [("balanced", 47, "t"), ("byclass", 62, "z"), ("bymerge", 47, "t"), ("digits", 10, "9"), ("mnist", 10, "9")])
    func everySetOfEMNISTHasItsClasses(set: String, count: Int, last: String) {
        let classes = IDXClasses.known(prefix: "emnist-\(set)-", isFashion: false)
        #expect(classes.names.count == count && classes.names.last == last)
        #expect(Set(classes.names).count == count && classes.place(count - 1) == count - 1 && classes.place(count) == nil)
    }

    @Test func aMappingNamesTheClasses() throws {
        let mapping = try #require(IDXClasses(mapping: "1 65 97\n2 66 98\n26 90 122\n"))
        #expect(mapping.names == ["A", "B", "Z"] && mapping.place(26) == 2 && mapping.place(0) == nil)
        for text in ["", "1\n", "a b\n", "1 65\n1 66\n", "1 65\n2 65\n", "1 7\n", "1 500\n"] {
            #expect(IDXClasses(mapping: text) == nil, "\(text)")
        }
    }

    @Test func severalSetsAreToldApartByTheirPrefix() throws {
        let scratch = try Scratch()
        let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-idx3-ubyte", "test-labels-idx1-ubyte"]
        for set in ["digits", "letters"] { try write(scratch, names.map { "emnist-\(set)-\($0)" }, train: [1, 2], test: [3]) }
        let error = #expect(throws: DatasetError.self) { try pack(scratch) }
        #expect(error?.description.contains("source/emnist-digits") == true && error?.description.contains("source/emnist-letters") == true)
        #expect(try pack(scratch, "source/emnist-letters").manifest.classes.count == 26)
    }

    @Test func missingFilesAreNamed() throws {
        let scratch = try Scratch()
        try write(scratch, ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"], train: [1], test: [1])
        let error = #expect(throws: DatasetError.self) { try pack(scratch) }
        #expect(error?.description.contains("t10k-labels-idx1-ubyte") == true)
        let nothing = #expect(throws: DatasetError.self) { try pack(scratch, "none") }
        #expect(nothing?.description.contains("none has no IDX files") == true)
    }
}
