import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct DatasetTests {
    private func refusal(_ scratch: Scratch) -> String {
        let error = #expect(throws: DatasetError.self) { try Dataset(path: scratch("packed")) }
        return error?.description ?? ""
    }

    @Test func anEmptyDirectoryNamesTheImportCommand() throws {
        let scratch = try Scratch()
        let error = #expect(throws: DatasetError.self) { try Dataset(path: scratch.path) }
        #expect(error?.description == "\(scratch.path) contains no data set; create one with `colonnade data import`")
    }

    @Test func aDamagedRecordIsFoundAndNamed() throws {
        let scratch = try Scratch()
        _ = try Samples.packedCIFAR(scratch)
        try scratch.damage("packed/train.records", at: 3072 * 13 + 5)
        let dataset = try Dataset(path: scratch("packed"))
        let error = #expect(throws: DatasetError.self) { try dataset.verify() }
        #expect(error?.description.contains("train.records: record 13 of train is damaged") == true)
    }

    @Test(arguments: ["train.records", "validation.records", "train.index", "validation.index", "mean.f32"])
    func aFileOfTheWrongLengthIsRejected(name: String) throws {
        let scratch = try Scratch()
        _ = try Samples.packedCIFAR(scratch)
        let whole = try scratch.read("packed/\(name)")
        for bytes in [Array(whole.dropLast()), whole + [0], Array(whole[..<32]), []] {
            try scratch.write(bytes, to: "packed/\(name)")
            #expect(refusal(scratch).contains(name))
        }
        try FileManager.default.removeItem(atPath: scratch("packed/\(name)"))
        #expect(refusal(scratch).contains(name))
    }

    @Test(arguments: ["dataset.json", "train.records", "train.index", "mean.f32"])
    func aLinkOutOfADataSetIsNotFollowed(name: String) throws {
        let scratch = try Scratch()
        _ = try Samples.packedCIFAR(scratch)
        try FileManager.default.moveItem(atPath: scratch("packed/\(name)"), toPath: scratch(name))
        try FileManager.default.createSymbolicLink(atPath: scratch("packed/\(name)"), withDestinationPath: scratch(name))
        #expect(refusal(scratch).contains("\(name): is a symbolic link"))
    }

    @Test func aDamagedHeaderLabelMeanOrManifestIsRejected() throws {
        let scratch = try Scratch()
        _ = try Samples.packedCIFAR(scratch)
        // The count in the header, a label beyond the classes, a stored checksum, a value of the mean.
        for (name, offset, word) in [
            ("train.index", 16, "header"), ("train.index", 64 + 24 * 2 + 7, "record 2 lies outside"),
            ("train.index", 64 + 24 * 2 + 12, "record 2"),
            ("train.index", 64 + 24 * 2 + 16, "fingerprint"), ("mean.f32", 17, "fingerprint"),
        ] {
            try scratch.damage("packed/\(name)", at: offset)
            #expect(refusal(scratch).contains(word))
            try scratch.damage("packed/\(name)", at: offset)
        }
        let text = String(decoding: try scratch.read("packed/dataset.json"), as: UTF8.self)
        for (old, new) in [
            ("\"height\" : 32", "\"height\" : 9000000000000"), ("\"train\" : 20", "\"train\" : 21"),
            ("\"width\" : 32", "\"width\" : \"wide\""), ("\"format_version\" : 2", "\"format_version\" : 3"),
        ] {
            #expect(text.contains(old))
            try scratch.write(Array(text.replacingOccurrences(of: old, with: new).utf8), to: "packed/dataset.json")
            _ = refusal(scratch)
        }
        try scratch.write(Array(text.utf8), to: "packed/dataset.json")
        #expect(try Dataset(path: scratch("packed")).verify() == 23)
    }
}
