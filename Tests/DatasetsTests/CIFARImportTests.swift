import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct CIFARImportTests {
    @Test func everyImageAndLabelComesBack() throws {
        let scratch = try Scratch()
        let records = try Samples.cifar(scratch, "cifar", perBatch: 6)
        let report = try Samples.pack(.cifar10, scratch("cifar"), scratch("packed"))
        let dataset = try Dataset(path: scratch("packed"))
        #expect(dataset.manifest == report.manifest)
        #expect(report.skipped.isEmpty)
        #expect(dataset.manifest.name == "cifar")
        #expect(dataset.manifest.classes == (0..<10).map { "thing \($0)" })
        #expect(dataset.manifest.fingerprint.count == 16)
        #expect((dataset.count(.train), dataset.count(.validation)) == (30, 3))
        for (index, record) in records.enumerated() {
            #expect(dataset.label(.train, index) == Int(record[0]))
            let isEqual = try Samples.pixels(dataset, .train, index) == Array(record[1...])
            #expect(isEqual)
        }
        #expect(try dataset.verify() == 33)
        #expect(try scratch.names() == ["cifar", "packed"])
    }

    @Test func meanIsOfTrainingImagesOnly() throws {
        let scratch = try Scratch()
        let records = try Samples.cifar(scratch, "source", perBatch: 3, test: 9)
        _ = try Samples.pack(.cifar10, scratch("source"), scratch("packed"))
        let mean = try Dataset(path: scratch("packed")).mean
        #expect(mean.count == 3072)
        for place in 0..<3072 {
            let sum = records.reduce(0) { $0 + Int($1[place + 1]) }
            #expect(mean[place] == Float(Double(sum) / 15))
        }
    }

    @Test func sameDataHasOneFingerprintAndOtherDataAnother() throws {
        let (first, second, other) = try (Scratch(), Scratch(), Scratch())
        let one = try Samples.packedCIFAR(first).manifest.fingerprint
        #expect(try Samples.packedCIFAR(second).manifest.fingerprint == one)
        #expect(try Samples.packedCIFAR(other, test: 4).manifest.fingerprint != one)
    }

    @Test func aTruncatedBatchIsNamedAndNothingIsLeft() throws {
        let scratch = try Scratch()
        try Samples.cifar(scratch, "source", perBatch: 2)
        try scratch.write(Array(scratch.read("source/data_batch_3.bin").dropLast()), to: "source/data_batch_3.bin")
        let error = #expect(throws: DatasetError.self) {
            try Samples.pack(.cifar10, scratch("source"), scratch("packed"))
        }
        #expect(error?.description.contains("data_batch_3.bin") == true)
        #expect(error?.description.contains("3073") == true)
        #expect(try scratch.names() == ["source"])
    }

    @Test func aLabelBeyondTheClassesIsRejected() throws {
        let scratch = try Scratch()
        try Samples.cifar(scratch, "source", perBatch: 2)
        var bytes = try scratch.read("source/data_batch_2.bin")
        bytes[3073] = 10
        try scratch.write(bytes, to: "source/data_batch_2.bin")
        let error = #expect(throws: DatasetError.self) {
            try Samples.pack(.cifar10, scratch("source"), scratch("packed"))
        }
        #expect(error?.description.contains("data_batch_2.bin: record 1") == true)
    }

    @Test func aUsedDestinationIsNotChanged() throws {
        let scratch = try Scratch()
        try Samples.cifar(scratch, "source", perBatch: 1)
        try scratch.write([1], to: "packed/mine")
        #expect(throws: DatasetError.self) {
            try Samples.pack(.cifar10, scratch("source"), scratch("packed"))
        }
        #expect(try scratch.names("packed") == ["mine"])
        try FileManager.default.removeItem(atPath: scratch("packed/mine"))
        _ = try Samples.pack(.cifar10, scratch("source"), scratch("packed"))
        #expect(try Dataset(path: scratch("packed")).count(.train) == 5)
    }
}
